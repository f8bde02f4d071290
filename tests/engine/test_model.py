"""A model's file is enough to answer as meta-testing did, and any other task that it can serve."""

import shutil

import pytest
import torch

from metabench.datasets.store import read_images
from metabench.episodes.fixed import load_episodes
from metabench.episodes.sampling import load_images
from metabench.errors import MetabenchError
from metabench.files.whole import read_array
from metabench.learning.evaluation import evaluate
from metabench.learning.params import save_params, save_sealed
from metabench.learning.training import train
from metabench.model import load

MAML = "metabench.algorithms.maml:MAML"
PROTONET = "metabench.algorithms.protonet:ProtoNet"
SHORT = {"iterations": 20, "train_query": 4, "validate_every": 20}
OWN = {MAML: {"inner_lr": 0.3, "inner_steps": 1, "test_inner_steps": 3}, PROTONET: {}}


@pytest.fixture(scope="module")
def models(blobs, spec, tmp_path_factory):
    """The folders of two runs, by algorithm."""
    root, data = tmp_path_factory.mktemp("models"), blobs / "data/blobs"
    for name, own in OWN.items():
        of, val = spec(name, **SHORT, **own), blobs / "episodes/val"
        train(of, data / "train", data / "val", val, root / name, "cpu")
    return root


@pytest.fixture(scope="module")
def task(blobs):
    """The first test episode: support_x, support_y, query_x."""
    images = load_images(read_images(blobs / "data/blobs/test"), "cpu")
    first = load_episodes(blobs / "episodes/test", images, "cpu", labels=False).tasks(0, 1)
    return first.support.x[0], first.support.y[0], first.query.x[0]


@pytest.mark.parametrize("name", OWN)
def test_a_model_answers_a_test_episode_as_its_evaluation_did(
    blobs, spec, models, task, tmp_path, name
):
    of = spec(name, **SHORT, **OWN[name])
    evaluate(of, blobs / "data/blobs/test", blobs / "episodes/test", models / name, tmp_path)
    predicted = read_array(tmp_path / "predictions.npy")
    shutil.copy(models / name / "model.safetensors", tmp_path / "alone.safetensors")
    model = load(tmp_path / "alone.safetensors")
    for row, mode in enumerate(model.modes):
        answers = model.predict(*task, mode=mode).argmax(-1)
        assert answers.tolist() == predicted[row, 0].tolist()


def test_bytes_are_the_pixels_that_they_stand_for(models, task):
    support_x, support_y, query_x = task
    model = load(models / PROTONET)
    as_bytes = [(255 * x).round().to(torch.uint8) for x in (support_x, query_x)]
    again = model.predict(as_bytes[0], support_y, as_bytes[1])
    assert torch.equal(again, model.predict(*task))


def test_prototypes_serve_any_number_of_classes_and_shots_and_a_head_its_own(models, task):
    support_x, _, query_x = task
    pairs = torch.tensor([0, 0, 0, 1, 1, 1])
    assert load(models / PROTONET).predict(support_x, pairs, query_x).shape == (len(query_x), 2)
    with pytest.raises(MetabenchError, match=r"2 classes .* maml has parameters for 3"):
        load(models / MAML).predict(support_x, pairs, query_x)
    uneven = torch.tensor([0, 0, 0, 0, 1, 2])
    assert load(models / MAML).predict(support_x, uneven, query_x).shape == (len(query_x), 3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x, y, q: (x[..., :-1], y, q), r"support_x: shape .*; \[n, 1, 16, 16\] is right"),
        (lambda x, y, q: (x, y[1:], q), r"support_y: shape \[5\]; \[6\] is right"),
        (lambda x, y, q: (x, y[:, None], q), r"support_y: shape \[6, 1\]; \[6\] is right"),
        (lambda x, y, q: (x, y + 1, q), r"support_y: classes \[1, 2, 3\]; from 0"),
        (lambda x, y, q: (x, y, q, "running"), "transductive or inductive is right"),
    ],
)
def test_a_task_that_is_not_the_models_is_named(models, task, change, said):
    with pytest.raises(MetabenchError, match=said):
        load(models / MAML).predict(*change(*task))


def test_what_is_no_model_is_named(models, tmp_path):
    with pytest.raises(MetabenchError, match="no such file"):
        load(tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes((models / MAML / "model.safetensors").read_bytes()[:-1])
    with pytest.raises(MetabenchError, match="not a whole safetensors file"):
        load(tmp_path)
    save_params(file, {"w": torch.zeros(1)})
    with pytest.raises(MetabenchError, match="has no sha256 of its content"):
        load(tmp_path)
    save_sealed(file, {"w": torch.zeros(1)}, {"spec": "{}"})  # as a resume file is
    with pytest.raises(MetabenchError, match="does not say what it is of"):
        load(tmp_path)
