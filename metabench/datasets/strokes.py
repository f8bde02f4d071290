"""The geometry of a pen: control points to a track, tracks to an anti-aliased image.

Only operations that IEEE 754 rounds exactly, in an order that does not depend on the machine, so
that equal points give equal bytes everywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SAMPLES = 96  # points of a track, about half a pixel apart


def trace(points: Array, roundness: float) -> Array:
    """The tracks of strokes through their control points.

    Args:
        points: [n, k, 2], the k >= 2 control points of n strokes.
        roundness: 0 for straight pieces, 1 for the mean of the Catmull-Rom spline, which passes
            through every point, and the B-spline, which cuts corners; between them for a blend.

    Returns:
        [n, SAMPLES, 2].
    """
    weights = _weights(points.shape[1], roundness)
    track = np.zeros((len(points), SAMPLES, 2))
    for point, weight in enumerate(weights):
        track += weight[:, None] * points[:, point, None, :]
    return track


def _weights(count: int, roundness: float) -> Array:
    """How much each control point counts at each sample of a track: [count, SAMPLES]."""
    place = np.arange(SAMPLES) * ((count - 1) / (SAMPLES - 1))
    piece = np.minimum(place.astype(int), count - 2)  # the sample lies on this piece
    t = place - piece  # and this far along it, 0 to 1
    through = np.stack(  # Catmull and Rom's spline, twice
        [
            t * (-1 + t * (2 - t)),
            2 + t * t * (3 * t - 5),
            t * (1 + t * (4 - 3 * t)),
            t * t * (t - 1),
        ]
    )
    near = np.stack(  # the cubic B-spline, six times
        [
            (1 - t) * (1 - t) * (1 - t),
            4 + t * t * (3 * t - 6),
            1 + t * (3 + t * (3 - 3 * t)),
            t * t * t,
        ]
    )
    blend = roundness * (through / 2 + near / 6) / 2
    blend[1] += (1 - roundness) * (1 - t)
    blend[2] += (1 - roundness) * t
    # Column j of `padded` is control point j - 1; the two ends continue the stroke straight on.
    padded = np.zeros((count + 2, SAMPLES))
    for offset in range(4):
        padded[piece + offset, np.arange(SAMPLES)] = blend[offset]
    weights = padded[1:-1].copy()
    weights[0] += 2 * padded[0]
    weights[1] -= padded[0]
    weights[-1] += 2 * padded[-1]
    weights[-2] -= padded[-1]
    return weights


def paint(tracks: Array, radius: Array, size: int) -> NDArray[np.uint8]:
    """Images of tracks drawn with a round pen.

    A pixel's ink falls from full to none over one pixel at the pen's edge, by the distance of its
    centre to the nearest point of the track.

    Args:
        tracks: [n, points, 2], (x, y) in pixels, y downwards, (0, 0) the first pixel's centre.
        radius: [n], of the pen, in pixels.
        size: pixels of a side.

    Returns:
        uint8 [n, size, size], ink 255 on 0.
    """
    pixels = np.arange(size, dtype=np.float32)[:, None, None]
    x, y = np.moveaxis(tracks.astype(np.float32), -1, 0)
    across, down = (pixels - x) ** 2, (pixels - y) ** 2  # [size, n, points]
    # Row by row, so that the working set stays in the processor's cache.
    squared = np.stack([(across + row).min(axis=-1) for row in down])  # [row, column, n]
    edge = radius.astype(np.float32) + np.float32(0.5)
    ink = np.clip(edge - np.sqrt(squared), 0, 1) * np.float32(255)
    return np.ascontiguousarray(np.rint(ink).astype(np.uint8).transpose(2, 0, 1))
