"""A wall clock that jumps changes nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import chain
import killing
import pytest

from metabench.cli import main
from metabench.files.whole import read_json


@pytest.mark.fault(
    "the clock jumps by a day, forwards and backwards, in meta-training",
    "nothing: seconds are counted by a clock that does not jump",
    "nothing",
)
def test_a_clock_that_jumps_in_training(
    whole: killing.Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killing.copy_of(whole, tmp_path, without="train")
    right, calls = time.time, []

    def jumping() -> float:
        calls.append(1)
        return right() + 86_400 * (-1) ** len(calls)

    monkeypatch.setattr(time, "time", jumping)
    begun = time.monotonic()
    assert main(chain.commands(tmp_path, whole.iterations)["train"]) == 0
    took = time.monotonic() - begun
    killing.compare(whole, tmp_path, whole.made["train"])
    assert 0 < read_json(tmp_path / chain.RUN / "train.json")["cost"]["train_seconds"] <= took


@pytest.mark.fault(
    "files whose times lie in the future or in 1970",
    "nothing: no command looks at them",
    "nothing",
)
@pytest.mark.parametrize("when", [0, 4e9])
def test_the_times_of_files_say_nothing(
    road: Callable[[str], list[str]], whole: killing.Whole, tmp_path: Path, when: float
) -> None:
    for path in tmp_path.rglob("*"):
        os.utime(path, (when, when))
    for stage in ("train", "evaluate"):
        assert main(road(stage)) == 0
        killing.compare(whole, tmp_path, whole.made[stage])
