"""The learned optimisers through the whole of meta-training and meta-testing."""

import pytest
import torch

from metabench import random
from metabench.datasets.store import load_split
from metabench.episodes.fixed import load_episodes
from metabench.episodes.sampling import ImageSource, load_images
from metabench.files.whole import read_array, read_json
from metabench.learning import engine, meta_testing
from metabench.learning.assembly import make_algorithm
from metabench.learning.evaluation import evaluate
from metabench.learning.training import train
from metabench.tasks import Task

ALGORITHMS = {
    "metabench.algorithms.meta_lstm:MetaLSTM": {
        "inner_steps": 4, "test_inner_steps": 4, "outer_lr": 0.02, "iterations": 40,
    },
    "metabench.algorithms.learned_optimizer:LearnedOptimizer": {
        "inner_steps": 6, "test_inner_steps": 8, "output_scale": 0.1, "outer_lr": 0.02,
        "iterations": 30,
    },
}  # fmt: skip
COMMON = {"meta_batch": 4, "train_query": 4, "validate_every": 20}
MODES = {"meta_lstm": ["running"], "learned_optimizer": ["transductive", "inductive"]}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_it_learns_a_separable_task_and_is_tested_in_its_mode(blobs, spec, tmp_path, name):
    data, of = blobs / "data/blobs", spec(name, **{**COMMON, **ALGORITHMS[name]})
    train(of, data / "train", data / "val", blobs / "episodes/val", tmp_path, "cpu")
    evaluate(of, data / "test", blobs / "episodes/test", tmp_path, tmp_path, "cpu")
    labels = read_array(blobs / "episodes/test/query_labels.npy")
    steps = (read_array(tmp_path / "steps.npy") == labels).mean((1, 2))
    assert read_json(tmp_path / "run.json")["modes"] == MODES[of.algorithm]
    assert steps[-1] > 0.6  # chance is 1/3
    assert steps[0] < 0.45  # before the first step nothing is known of the task


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_mapped_meta_gradient_is_the_mean_of_one_task_at_a_time(blobs, spec, name):
    source = ImageSource(load_split(blobs / "data/blobs/train"))
    algorithm = make_algorithm(spec(name, inner_steps=3, train_query=2), (1, 16, 16), 12)
    initial = algorithm.init(torch.Generator().manual_seed(0))
    params = {name: value.double() for name, value in initial.items()}
    drawn = algorithm.draw(source, random.fold_range(random.key(0, "t"), 3))
    tasks = Task(*(batch._replace(x=batch.x.double()) for batch in drawn))
    mapped, _ = engine.meta_gradient(algorithm, params, tasks)
    alone = [algorithm.meta_gradient(params, engine.task_at(tasks, i))[0] for i in range(3)]
    for key, value in mapped.items():
        expected = torch.stack([gradient[key] for gradient in alone]).mean(0)
        torch.testing.assert_close(value, expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_how_many_tasks_are_tested_at_once_changes_nothing(blobs, spec, monkeypatch, name):
    images = load_images(load_split(blobs / "data/blobs/test").images, "cpu")
    test = load_episodes(blobs / "episodes/test", images, "cpu", labels=False)
    algorithm = make_algorithm(spec(name, test_inner_steps=2), (1, 16, 16), 12)
    params = algorithm.init(torch.Generator().manual_seed(0))
    assert algorithm.overhead(params) > 0  # a task of it weighs more than its examples
    ends = []
    for overhead in (0, 10_000):
        monkeypatch.setattr(algorithm, "overhead", lambda params, heavy=overhead: heavy)
        ends.append(meta_testing.run_episodes(algorithm, params, test, MODES[name_of(name)])[0])
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-4, atol=1e-5)


def name_of(algorithm_class: str) -> str:
    """meta_lstm of metabench.algorithms.meta_lstm:MetaLSTM."""
    return algorithm_class.split(":")[0].rsplit(".", 1)[-1]
