"""A program: meta-training as a job runs it, and when it came to what.

    python -m metabench.speed.job BEGUN SPEC IMAGES VAL_IMAGES VAL_EPISODES OUT

BEGUN is the time at which the program was started, by the clock that never jumps and that all
processes share. It prints a JSON object of seconds since then.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def main(begun: float, spec: str, *paths: Any) -> None:
    """Train, watched; ``paths`` are those of ``training.train``."""
    from metabench.algorithm import Metrics
    from metabench.learning import training
    from metabench.learning.learner import Learner
    from metabench.spec import RunSpec

    marks = {"imported": time.monotonic() - begun}

    class WatchedRun(training.Run):
        """A run that notes when its loop begins."""

        def start(self) -> None:
            marks["read"] = time.monotonic() - begun
            super().start()

    class WatchedLearner(Learner):
        """A learner that notes when each iteration is over."""

        def iterate(self, iteration: int) -> Metrics:
            metrics = super().iterate(iteration)
            marks[f"iteration {iteration + 1}"] = time.monotonic() - begun
            return metrics

    training.Run = WatchedRun  # type: ignore[misc]
    training.Learner = WatchedLearner  # type: ignore[attr-defined]
    training.train(RunSpec.from_json(spec), *paths)
    marks["done"] = time.monotonic() - begun
    print(json.dumps(marks))


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2], *map(Path, sys.argv[3:]))
