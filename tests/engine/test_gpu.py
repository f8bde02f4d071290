"""Meta-training and meta-testing on a GPU."""

import pytest
import torch
from test_training import EVERY, accuracy, ended_early, predictions, run

from metabench.files.whole import read_json
from metabench.learning.params import load_params

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU is seen here")
DEVICE = "cuda"


@pytest.mark.parametrize("name", EVERY)
def test_iterations_are_captured_and_the_model_is_as_good_on_either_device(
    blobs, spec, tmp_path, name
):
    of, out = spec(name, **EVERY[name]), tmp_path / "out"
    run(blobs, of, out, DEVICE)
    engine = read_json(out / "train.json")["engine"]
    assert engine["replayed"]
    assert engine["captured"]
    assert accuracy(blobs, of, out) > 0.6  # chance is 1/3
    here, there = predictions(blobs, of, out), predictions(blobs, of, out, DEVICE)
    assert (here == there).mean() > 0.98


@pytest.mark.parametrize("name", [name for name in EVERY if name.endswith(("Reptile", "ProtoNet"))])
def test_a_captured_run_ends_where_one_that_was_ended_early_and_went_on_ends(
    blobs, spec, tmp_path, name
):
    """With running statistics, and with moments that tasks hand on."""
    of, parts = spec(name, **EVERY[name]), tmp_path / "parts"
    with ended_early(parts, 32):
        run(blobs, of, parts, DEVICE)
    run(blobs, of, parts, DEVICE)
    run(blobs, of, tmp_path / "whole", DEVICE)
    whole, again = (load_params(x / "model.safetensors") for x in (tmp_path / "whole", parts))
    for key, value in whole.items():  # a GPU adds in any order
        torch.testing.assert_close(again[key], value, rtol=1e-2, atol=1e-3)
