"""What a training draws is independent: one number is folded into one key at one place alone."""

from __future__ import annotations

import sys
from collections import defaultdict

import pytest
import torch
from every_algorithm import CASES, TRAINED, prepared

from metabench import random
from metabench.learning.engine import task_at

fold = random.fold


def caller() -> tuple[str, int]:
    """File and line of who asked for a fold, be it of one number or of a range."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_code.co_filename == random.__file__:
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


@pytest.mark.parametrize("case", TRAINED)
def test_no_number_is_folded_into_a_key_at_two_places(case, monkeypatch):
    places = defaultdict(set)  # (key, number) -> where it is folded

    def recorded(key, index):
        pairs = torch.broadcast_tensors(key, torch.as_tensor(index))
        for pair in zip(*(numbers.flatten().tolist() for numbers in pairs), strict=True):
            places[pair].add(caller())
        return fold(key, index)

    algorithm, source = prepared(case)
    if CASES[case][1] == "classification":
        source = source.augmented("crop+flip+colour")
    for name, module in list(sys.modules.items()):
        if name.startswith("metabench.") and vars(module).get("fold") is fold:
            monkeypatch.setattr(module, "fold", recorded)
    # One task, not mapped over tasks: keys can be read.
    params = algorithm.init(torch.Generator().manual_seed(0))
    keys = random.fold_range(random.key(0, "meta-training"), 1)
    algorithm.meta_gradient(params, task_at(algorithm.draw(source, keys), 0))
    assert places
    assert all(len(where) == 1 for where in places.values()), places
