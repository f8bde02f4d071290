"""Alphabets that never were: a style, and characters in it that are alike and yet differ.

A style is a grid on which strokes turn, how they turn, how many a character takes, and a few
motifs that the alphabet's characters share. A character is a programme of strokes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from metabench.datasets.strokes import trace

Array = NDArray[np.float64]
Stroke = tuple[tuple[int, int], ...]  # control points on the alphabet's grid
Character = tuple[Array, ...]  # the control points of each stroke, [k, 2], in the box -1 to 1

FEWEST_POINTS = 4  # of a character: a single line tells nothing
MOTIFS = 6  # of an alphabet
ATTEMPTS = 50  # at a character that differs from the others
DIFFERENT = 0.4  # Hausdorff distance of two characters of an alphabet, which fill a box of side 2


@dataclass(frozen=True)
class Style:
    """What the characters of an alphabet have in common."""

    columns: int  # of the grid on which strokes turn
    rows: int
    reach: int  # the longest step along a stroke, in cells
    roundness: float  # 0 for straight pieces with corners, 1 for a spline
    sharp: float  # the share of turns of more than 90 degrees that are let be
    swing: float  # the share of turns to the other side than the last that are let be
    loops: float  # the share of strokes that return to where they began
    strokes: tuple[int, int]  # fewest and most of a character
    points: tuple[int, int]  # fewest and most control points of a stroke
    budget: int  # control points of a character after which no stroke is added
    bow: float  # how far strokes of two points are bent, as a share of their length
    shared: float  # the share of strokes that are motifs
    motifs: tuple[Stroke, ...] = ()  # strokes that characters share


def make_style(draws: Iterator[float]) -> Style:
    """A random style."""
    fewest, shortest = 1 + _below(2, draws), 2 + _below(2, draws)
    style = Style(
        columns=3 + _below(2, draws),
        rows=3 + _below(2, draws),
        reach=1 + _below(2, draws),
        roundness=min(1.0, 0.4 + 1.3 * next(draws)),
        sharp=0.3 * next(draws),
        swing=0.1 + 0.6 * next(draws),
        loops=0.25 * next(draws),
        strokes=(fewest, fewest + 1 + _below(2, draws)),
        points=(shortest, shortest + 1 + _below(2, draws)),
        budget=5 + _below(4, draws),
        bow=0.4 * next(draws),
        shared=0.4 + 0.4 * next(draws),
    )
    return replace(style, motifs=tuple(make_stroke(style, draws) for _ in range(MOTIFS)))


def make_stroke(style: Style, draws: Iterator[float]) -> Stroke:
    """A random walk on the grid that prefers to go on, and to go on turning to the same side."""
    path = [(_below(style.columns, draws), _below(style.rows, draws))]
    length = _between(style.points, draws)
    step, side = (0, 0), 0
    while len(path) < length:
        right, down = (_below(2 * style.reach + 1, draws) - style.reach for _ in range(2))
        here = (path[-1][0] + right, path[-1][1] + down)
        inside = 0 <= here[0] < style.columns and 0 <= here[1] < style.rows
        if not inside or here in path[-2:]:
            continue
        ahead = step[0] * right + step[1] * down
        turn = step[0] * down - step[1] * right
        if ahead < 0 and next(draws) > style.sharp:
            continue
        if turn * side < 0 and next(draws) > style.swing:
            continue
        path.append(here)
        step, side = (right, down), turn or side
    if len(path) > 2 and next(draws) < style.loops:
        path.append(path[0])
    return tuple(path)


def new_character(style: Style, known: list[Character], draws: Iterator[float]) -> Character:
    """A random character that is not too like any of ``known``."""
    tracks = [_track(character, style.roundness) for character in known]
    for attempt in range(ATTEMPTS):
        character = make_character(style, draws)
        track = _track(character, style.roundness)
        # A style with few possible characters must end too: ask for less and less.
        enough = DIFFERENT * (1 - attempt / ATTEMPTS)
        if all(_apart(track, other) > enough for other in tracks):
            break
    return character


def make_character(style: Style, draws: Iterator[float]) -> Character:
    """A random programme of strokes, scaled to fill the box from -1 to 1."""
    strokes: list[Stroke] = []
    count = _between(style.strokes, draws)
    points = 0
    while points < FEWEST_POINTS or (len(strokes) < count and points < style.budget):
        if next(draws) < style.shared:
            motif = style.motifs[_below(len(style.motifs), draws)]
            stroke = _shifted(motif, style, draws)
        else:
            stroke = make_stroke(style, draws)
        if stroke not in strokes:
            strokes.append(stroke)
            points += len(stroke)
    curves = [_bent(np.array(stroke, dtype=float), style.bow, draws) for stroke in strokes]
    low = np.min([part.min(axis=0) for part in curves], axis=0)
    high = np.max([part.max(axis=0) for part in curves], axis=0)
    half = max((high - low).max() / 2, 0.5)
    return tuple((part - (low + high) / 2) / half for part in curves)


def _bent(points: Array, bow: float, draws: Iterator[float]) -> Array:
    """A stroke of two points with a third in its middle, to one side; others as they are."""
    if len(points) > 2:
        return points
    along = points[1] - points[0]
    aside = np.array([-along[1], along[0]]) * bow * (2 * next(draws) - 1)
    return np.stack([points[0], (points[0] + points[1]) / 2 + aside, points[1]])


def _shifted(stroke: Stroke, style: Style, draws: Iterator[float]) -> Stroke:
    """A motif anywhere on the grid where it fits."""
    xs, ys = [x for x, _ in stroke], [y for _, y in stroke]
    right = _between((-min(xs), style.columns - 1 - max(xs)), draws)
    down = _between((-min(ys), style.rows - 1 - max(ys)), draws)
    return tuple((x + right, y + down) for x, y in stroke)


def _track(character: Character, roundness: float) -> Array:
    """Where the pen goes in print, coarsely: [points, 2]."""
    return np.concatenate([trace(points[None], roundness)[0, ::4] for points in character])


def _apart(a: Array, b: Array) -> float:
    """The largest distance of a point of one track to the nearest of the other (Hausdorff's)."""
    squared = (a[:, None, 0] - b[None, :, 0]) ** 2 + (a[:, None, 1] - b[None, :, 1]) ** 2
    return float(np.sqrt(max(squared.min(axis=0).max(), squared.min(axis=1).max())))


def _below(count: int, draws: Iterator[float]) -> int:
    """A whole number from 0 to ``count`` - 1."""
    return int(next(draws) * count)


def _between(limits: tuple[int, int], draws: Iterator[float]) -> int:
    """A whole number from the first limit to the second, both included."""
    return limits[0] + _below(limits[1] - limits[0] + 1, draws)
