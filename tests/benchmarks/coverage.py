"""In how many of 1000 studies does the interval over seeds and episodes hold the truth?

python tests/benchmarks/coverage.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1] / "report"))

from made_up_scores import two_way

from metabench.report.statistics import joint_interval, take_apart

STUDIES, EPISODES = 1000, 60
DEVIATIONS = {  # of seeds, of episodes, of a seed in an episode
    "seeds": (1, 0, 0.1),
    "episodes": (0, 1, 0.1),
    "all": (0.2, 1, 1),
    "mostly episodes": (0.1, 1, 0.5),
}


def covered(seeds: int, deviations: tuple[float, float, float]) -> float:
    """The percentage of studies whose interval holds their mean, 0."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(STUDIES):
        table = two_way(rng, *deviations, (seeds, EPISODES))
        held += abs(table.mean()) <= joint_interval(take_apart(table))
    return 100 * held / STUDIES


if __name__ == "__main__":
    for what, deviations in DEVIATIONS.items():
        found = ", ".join(f"{seeds} seeds {covered(seeds, deviations):.1f} %" for seeds in (2, 3))
        print(f"{what}: {found}")
