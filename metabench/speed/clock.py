"""Times that can be compared: of repeated turns, taken one contestant after another.

A machine's clock rate and its other users change from one second to the next. Contestants that
take turns share the weather; a quotient of two neighbouring turns has most of it cancelled.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Contestants = Mapping[str, Callable[[], object]]
FEWEST = 3  # rounds, however long they take


def seconds_of(function: Callable[[], object], count: int = 1) -> float:
    """Seconds of one call, over ``count`` of them."""
    begun = time.perf_counter()
    for _ in range(count):
        function()
    return (time.perf_counter() - begun) / count


def interleaved(
    contestants: Contestants, rounds: int, turn: float = 0.15, budget: float = math.inf
) -> dict[str, list[float]]:
    """Seconds of a call of each contestant in each round.

    Args:
        contestants: what to call, warmed up.
        rounds: how many turns each has.
        turn: seconds that a turn takes at least; what is shorter is called several times.
        budget: seconds after which no round begins that is not one of the first few.
    """
    counts = {
        name: max(1, math.ceil(turn / max(seconds_of(function), 1e-9)))
        for name, function in contestants.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    begun = time.perf_counter()
    for number in range(rounds):
        if number >= FEWEST and time.perf_counter() - begun > budget:
            break
        for name in rotated(list(contestants), number):  # nobody always follows the same other
            seconds[name].append(seconds_of(contestants[name], counts[name]))
    return seconds


def rotated(names: Sequence[str], by: int) -> list[str]:
    """``names`` from the one at ``by`` on, and those before it at the end."""
    start = by % len(names)
    return [*names[start:], *names[:start]]


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the quotients of each round."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The lower and upper quartile."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high
