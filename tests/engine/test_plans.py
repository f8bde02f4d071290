"""How a meta-gradient is computed is chosen once, remembered, and written down."""

import json
from dataclasses import replace

import pytest
import torch

from metabench import random
from metabench.datasets.store import load_split
from metabench.episodes.sampling import ImageSource
from metabench.errors import MetabenchError
from metabench.learning import engine, plans
from metabench.learning.assembly import make_algorithm
from metabench.learning.engine import Plan, default_plan
from metabench.learning.training import train
from metabench.tape import Replayed

MAML = "metabench.algorithms.maml:MAML"


@pytest.fixture
def run(blobs, spec, tmp_path, monkeypatch):
    """An algorithm, its phi and a meta-batch of 6 tasks; and a cache that is empty."""
    monkeypatch.setenv("METABENCH_CACHE", str(tmp_path / "cache"))
    source = ImageSource(load_split(blobs / "data/blobs/train"))
    algorithm = make_algorithm(spec(MAML, train_query=2, iterations=10**6), (1, 16, 16), 12)
    keys = random.fold_range(random.key(0, "plans"), 6)
    return algorithm, algorithm.init(torch.Generator()), algorithm.draw(source, keys)


def test_a_long_run_is_measured_and_a_choice_is_kept(run, tmp_path):
    plan, seconds = plans.choose(*run, 1, "this run")
    assert set(seconds) == {"1 x 1", "2 x 1", "3 x 1", "6 x 1"}
    assert seconds[f"{plan.tasks_at_once} x {plan.lanes}"] == min(seconds.values())
    assert plans.choose(*run, 1, "this run") == (plan, seconds)  # not measured anew
    (file,) = (tmp_path / "cache/plans").iterdir()
    assert json.loads(file.read_text())["what"] == "this run"


def test_lanes_are_measured_beside_all_threads_on_one_kernel(run, monkeypatch):
    monkeypatch.setattr(engine, "AT_ONCE", 30_000)  # six tasks of 15 images are worth two lanes
    plan, seconds = plans.choose(*run, 2, "this run")
    assert set(seconds) == {"1 x 2", "2 x 2", "3 x 2", "6 x 1"}
    assert seconds[f"{plan.tasks_at_once} x {plan.lanes}"] == min(seconds.values())


def test_a_short_run_is_not_measured(run, monkeypatch):
    monkeypatch.setattr(plans, "WORTH_MEASURING", 1e9)
    assert plans.choose(*run, 1, "this run") == (default_plan(run[2]), {})


def test_a_run_of_few_iterations_is_not_measured_however_long(run, monkeypatch):
    algorithm, *rest = run
    monkeypatch.setattr(plans, "WORTH_MEASURING", 0.0)
    hp = replace(algorithm.hp, iterations=100)
    few = type(algorithm)(algorithm.network, algorithm.problem, hp)
    assert plans.choose(few, *rest, 1, "few") == (default_plan(run[2]), {})
    assert plans.choose(*run, 1, "many")[1]


def test_parts_are_even_and_serve_all_lanes(run):
    tasks = run[2]
    assert default_plan(tasks) == Plan(6, 1)
    heavy = default_plan(tasks, threads=2, overhead=500)
    assert heavy.lanes == 2
    assert 6 % heavy.tasks_at_once == 0
    assert heavy.tasks_at_once * heavy.lanes <= 6


def test_a_large_task_has_all_threads_to_itself(run):
    assert default_plan(run[2], threads=2, overhead=10_000) == Plan(1, 1)


def test_what_an_algorithm_holds_beside_its_examples_counts(run):
    assert default_plan(run[2], overhead=10**6).tasks_at_once == 1


@pytest.mark.fault(
    "out of memory on the device, before or in the midst of training",
    "that iteration is computed again with fewer tasks at once",
    "nothing",
)
@pytest.mark.parametrize("from_call", [0, 8])
def test_out_of_memory_is_tried_again_with_fewer_tasks_at_once(
    blobs, spec, tmp_path, monkeypatch, from_call
):
    """Before training, and in the midst of it; the model is that of the smaller plan."""
    calls, whole = [], engine.sums

    def sums(algorithm, params, tasks):
        calls.append(1)
        if len(calls) > from_call and len(tasks.support.x) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return whole(algorithm, params, tasks)

    monkeypatch.setenv("METABENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(engine, "sums", sums)
    monkeypatch.setattr(Replayed, "prepare", lambda self, *inputs: None)
    data, hp = blobs / "data/blobs", {"iterations": 12, "meta_batch": 8, "train_query": 2}
    of, val = spec(MAML, **hp, validate_every=12), blobs / "episodes/val"
    train(of, data / "train", data / "val", val, tmp_path / "run", "cpu")
    about = json.loads((tmp_path / "run/train.json").read_text())
    assert about["status"] == "finished"
    assert about["engine"]["tasks_at_once"] == 2


@pytest.mark.fault(
    "one task alone is too much for the memory",
    "one line that says what to lower",
    "the iterations after the last resume file",
)
def test_a_task_that_does_not_fit_alone_is_told(run):
    with pytest.raises(MetabenchError, match="one task alone is too much for the memory"):
        plans.smaller(Plan(1))


def test_a_limit_on_memory_cuts_the_meta_batch(run):
    assert default_plan(run[2], memory_mb=1000).tasks_at_once == 6
    assert default_plan(run[2], memory_mb=40).tasks_at_once == 1


def test_lanes_keep_to_the_limit_on_memory(run):
    wide = default_plan(run[2], threads=2, overhead=200, memory_mb=10_000)
    tight = default_plan(run[2], threads=2, overhead=200, memory_mb=900)
    assert (wide.tasks_at_once, wide.lanes) == (3, 2)
    assert (tight.tasks_at_once, tight.lanes) == (2, 2)
