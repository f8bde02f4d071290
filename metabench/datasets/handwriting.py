"""A character in many hands: displaced, slanted, turned, stretched, moved, thin or thick."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metabench.datasets.alphabets import Array, Character
from metabench.datasets.strokes import paint, trace

SIZE = 28  # pixels of a side
MOST_STROKES, MOST_POINTS = 4, 6  # of a character, of a stroke
WHOLE = 7  # ways in which a whole drawing differs
HAND_DRAWS = 4 * (WHOLE + MOST_STROKES * (1 + MOST_POINTS) * 2)  # random numbers of a drawing

# How hands differ, as standard deviations at wobble 1.
POINT_SHIFT = 0.12  # of a control point, in a box of side 2
STROKE_SHIFT = 0.08  # of a whole stroke, in the same
SLANT = 0.22  # horizontal for each unit of height
TURN = 0.085  # tangent of half the angle: 10 degrees
SCALE, ASPECT = 0.12, 0.10
SHIFT = 1.2  # pixels
HALF_SIZE = 9.0  # pixels, of the box's half side
PEN, PEN_SPREAD, THINNEST = 1.0, 0.24, 0.6  # pixels, the pen's radius


def draw_character(
    character: Character, roundness: float, hands: NDArray[np.uint64], wobble: float
) -> NDArray[np.uint8]:
    """A character in several hands.

    Args:
        character: its strokes.
        roundness: of its alphabet.
        hands: raw random numbers [drawings, HAND_DRAWS].
        wobble: how far hands differ.

    Returns:
        uint8 [drawings, 28, 28].
    """
    b = wobble * _bell(hands)
    whole, parts = b[:, :WHOLE], b[:, WHOLE:].reshape(len(b), MOST_STROKES, 1 + MOST_POINTS, 2)
    tracks = []
    for number, points in enumerate(character):
        moved = points + STROKE_SHIFT * parts[:, number, :1]
        moved = moved + POINT_SHIFT * parts[:, number, 1 : 1 + len(points)]
        tracks.append(trace(moved, roundness))
    x, y = np.moveaxis(np.concatenate(tracks, axis=1), -1, 0)
    slant, turn, scale, aspect, right, down, pen = (part[:, None] for part in whole.T)
    x = x + SLANT * slant * y
    half = TURN * turn  # the tangent of half the angle: its sine and cosine without either
    cosine, sine = (1 - half * half) / (1 + half * half), 2 * half / (1 + half * half)
    x, y = cosine * x - sine * y, sine * x + cosine * y
    size = HALF_SIZE * (1 + SCALE * scale)
    x = _inside(x * size * (1 + ASPECT * aspect) + SHIFT * right)
    y = _inside(y * size * (1 - ASPECT * aspect) + SHIFT * down)
    radius = np.maximum(PEN + PEN_SPREAD * pen, THINNEST)[:, 0]
    return paint(np.stack([x, y], axis=-1), radius, SIZE)


def _inside(place: Array) -> Array:
    """Tracks about 0 as pixels, moved where they would leave the paper, and cut where they must."""
    middle, margin = (SIZE - 1) / 2, 1.5
    low = place.min(axis=1, keepdims=True) + middle - margin
    high = place.max(axis=1, keepdims=True) + middle - (SIZE - 1 - margin)
    back = np.minimum(low, 0) + np.maximum(high, 0)
    on_paper: Array = np.clip(place + middle - back, 0, SIZE - 1)
    return on_paper


def _bell(raw: NDArray[np.uint64]) -> Array:
    """Nearly normal numbers of variance 1, each the sum of four uniform ones: [..., n / 4]."""
    a, b, c, d = np.split((raw >> np.uint64(11)) * 2.0**-53, 4, axis=-1)
    bell: Array = (a + b + c + d - 2) * 1.7320508075688772  # the square root of 3
    return bell
