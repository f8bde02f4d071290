"""Meta-training learns, reproduces to the bit, survives a kill, and stops when it diverges."""

import csv
import shutil
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from blob_images import DATA, make_split

from metabench.algorithms import fomaml, protonet
from metabench.episodes.fixed import write_episodes
from metabench.errors import MetabenchError
from metabench.files.whole import canonical, read_array, read_json
from metabench.learning.evaluation import evaluate
from metabench.learning.params import save_sealed
from metabench.learning.progress import load_state, origin
from metabench.learning.training import STOP, Run, train
from metabench.machine.devices import open_device
from metabench.spec import RunSpec

FOMAML = "metabench.algorithms.fomaml:FOMAML"
PROTONET = "metabench.algorithms.protonet:ProtoNet"
IMAML = "metabench.algorithms.imaml:IMAML"
COMMON = {"iterations": 60, "meta_batch": 4, "train_query": 4, "validate_every": 20}
COMMON |= {"outer_lr": 5e-3}
OWN = {
    "metabench.algorithms.maml:MAML": {"inner_lr": 0.3, "inner_steps": 1, "test_inner_steps": 3},
    FOMAML: {"inner_lr": 0.3, "test_inner_steps": 3},
    "metabench.algorithms.reptile:Reptile": {
        "outer_optimizer": "sgd", "outer_lr": 1.0, "outer_schedule": "linear",
        "inner_lr": 0.01, "train_shot": 6, "train_query": 0, "test_inner_steps": 8,
    },
    IMAML: {
        "inner_lr": 0.3, "inner_steps": 2, "test_inner_steps": 3, "cg_steps": 2, "iterations": 40,
    },
    "metabench.algorithms.imaml_released:IMAMLReleased": {
        "inner_lr": 0.3, "inner_steps": 2, "test_inner_steps": 3, "cg_steps": 2, "iterations": 40,
    },
    PROTONET: {},
    "metabench.algorithms.pretrain_head:PretrainHead": {"meta_batch": 32, "head_lr": 0.1},
    "metabench.algorithms.pretrain_finetune:PretrainFinetune": {
        "meta_batch": 32, "test_lrs": (0.1,), "test_inner_steps": 10,
    },
}  # fmt: skip
EVERY = {name: COMMON | own for name, own in OWN.items()}


def run(blobs, spec, out, device="cpu", **how):
    data = blobs / "data/blobs"
    train(spec, data / "train", data / "val", blobs / "episodes/val", out, device, **how)


@pytest.fixture(scope="module")
def trained(blobs, tmp_path_factory):
    """``trained(spec)``: the folder of its run, which is trained once for all tests that ask."""

    @cache
    def folder(json):
        out = tmp_path_factory.mktemp("run") / "trained"
        run(blobs, RunSpec.from_json(json), out)
        return out

    return lambda of: folder(of.to_json())


def accuracy(blobs, spec, out):
    labels = read_array(blobs / "episodes/test/query_labels.npy")
    return float((predictions(blobs, spec, out)[0] == labels).mean())


def predictions(blobs, spec, out, device="cpu"):
    tested = out.with_name(f"tested-{device}")
    evaluate(spec, blobs / "data/blobs/test", blobs / "episodes/test", out, tested, device)
    return read_array(tested / "predictions.npy")


@contextmanager
def ended_early(out, at):
    """Training in the folder ``out`` is asked to end after ``at`` iterations; then no more."""
    interval = Run.interval

    def ends(self):
        interval(self)
        if self.progress.iteration == at:
            (out / STOP).touch()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "interval", ends)
        yield
    (out / STOP).unlink()


@pytest.mark.parametrize("name", EVERY)
def test_each_algorithm_learns_a_separable_task(blobs, spec, trained, name):
    of = spec(name, **EVERY[name])
    assert accuracy(blobs, of, trained(of)) > 0.6  # chance is 1/3


def test_the_history_is_written_as_training_goes(spec, trained):
    out = trained(spec(FOMAML, **EVERY[FOMAML]))
    rows = list(csv.DictReader((out / "history.csv").open()))
    assert [int(row["iteration"]) for row in rows] == list(range(0, 61, 4))
    assert [int(row["iteration"]) for row in rows if row["val_score"]] == [0, 20, 40, 60]
    assert not rows[0]["loss"]  # the untrained parameters were validated alone
    assert not (out / "resume.safetensors").exists()


def test_what_an_algorithm_alone_logs_is_a_column_of_its_history(spec, trained):
    out = trained(spec(IMAML, **EVERY[IMAML]))
    norms = [row["inner_gradient_norm"] for row in csv.DictReader((out / "history.csv").open())]
    assert not norms[0]  # of no training
    assert all(float(norm) > 0 for norm in norms[1:])


def test_the_best_checkpoint_is_the_one_that_validated_best(spec, trained):
    out = trained(spec(FOMAML, **EVERY[FOMAML]))
    rows = list(csv.DictReader((out / "history.csv").open()))
    scores = {int(r["iteration"]): float(r["val_score"]) for r in rows[1:] if r["val_score"]}
    checkpoint = read_json(out / "train.json")["checkpoint"]
    assert checkpoint["protocol"] == "best-on-validation"
    assert checkpoint["iteration"] == max(scores, key=lambda i: (scores[i], -i))


def test_meta_training_cannot_open_test_classes(blobs, spec, tmp_path):
    """It works where there is no test split at all."""
    copy = tmp_path / "copy"
    shutil.copytree(blobs, copy, ignore=shutil.ignore_patterns("test"))
    assert not list(copy.rglob("test"))
    short = {**COMMON, "iterations": 4, "validate_every": 2}
    run(copy, spec(FOMAML, **short), tmp_path / "out")
    assert (tmp_path / "out/model.safetensors").exists()


def test_meta_testing_needs_no_query_labels(blobs, spec, trained, tmp_path):
    of = spec(FOMAML, **EVERY[FOMAML])
    copy = tmp_path / "copy"
    shutil.copytree(blobs, copy, ignore=shutil.ignore_patterns("query_labels.npy"))
    expected, model = accuracy(blobs, of, trained(of)), trained(of)
    evaluate(of, copy / "data/blobs/test", copy / "episodes/test", model, tmp_path / "blind", "cpu")
    labels = read_array(blobs / "episodes/test/query_labels.npy")
    assert (read_array(tmp_path / "blind/predictions.npy")[0] == labels).mean() == expected


def test_results_say_that_queries_saw_each_other_where_they_did(blobs, spec, trained, monkeypatch):
    of = spec(PROTONET, **EVERY[PROTONET])
    alone, tested = protonet.ProtoNet.predict, trained(of).with_name("tested-cpu")

    def centred(self, adapted, x):
        logits = alone(self, adapted, x)
        return logits - logits.mean(0)

    for predict, mode in ((alone, "running"), (centred, "transductive")):
        monkeypatch.setattr(protonet.ProtoNet, "predict", predict)
        assert len(predictions(blobs, of, trained(of))) == 1
        assert read_json(tested / "run.json")["modes"] == [mode]


@pytest.mark.fault(
    "a loss that is not finite",
    "training ends with the last finite phi and status `diverged`; tables say so",
    "that run",
)
def test_a_loss_that_is_not_finite_stops_the_run_and_is_told(blobs, spec, tmp_path):
    of = spec(FOMAML, **{**COMMON, "outer_lr": 1e37})
    run(blobs, of, tmp_path)
    told = read_json(tmp_path / "train.json")
    assert told["status"] == "diverged"
    assert "not finite at iteration" in told["diverged"]["message"]
    assert "lower" in told["diverged"]["message"]
    assert told["iterations"] <= told["diverged"]["iteration"]
    evaluate(of, blobs / "data/blobs/test", blobs / "episodes/test", tmp_path, tmp_path, "cpu")
    assert (read_array(tmp_path / "predictions.npy") == -1).all()
    assert read_json(tmp_path / "run.json")["status"] == "diverged"


@pytest.mark.fault(
    "adapted weights that are not finite",
    "a query whose outputs are no numbers has no answer, which is wrong; tables count its episodes",
    "those answers",
)
def test_an_inner_loop_that_runs_away_answers_nothing(blobs, spec, trained, tmp_path, monkeypatch):
    of, path = spec(FOMAML, **EVERY[FOMAML]), fomaml.FOMAML.path
    right = predictions(blobs, of, trained(of))

    def runs_away(self, params, support):
        """In the tasks whose first pixel is dark: about half of them."""
        scale = torch.where(support.x.flatten()[0] < support.x.flatten()[1], float("nan"), 1.0)
        for theta in path(self, params, support):
            yield {name: value * scale for name, value in theta.items()}

    monkeypatch.setattr(fomaml.FOMAML, "path", runs_away)
    some = predictions(blobs, of, trained(of))
    lost = (some == -1).all((0, 2))
    assert 0 < lost.sum() < len(lost)
    assert (some[:, ~lost] == right[:, ~lost]).all()
    assert read_json(trained(of).with_name("tested-cpu") / "run.json")["status"] == "finished"
    wild = replace(of, hyperparameters={**of.hyperparameters, "inner_lr": 1e30})
    assert (predictions(blobs, wild, trained(of)) == -1).all()
    assert read_json(trained(of).with_name("tested-cpu") / "run.json")["status"] == "diverged"


@pytest.mark.fault("a GPU that is not there", "one line", "nothing")
def test_a_device_that_is_not_there_is_named(blobs, spec, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    of = spec(FOMAML, **COMMON)
    with pytest.raises(MetabenchError, match="--device cuda: no CUDA GPU"):
        train(of, None, None, blobs / "episodes/val", tmp_path, "cuda")


def test_a_device_that_torch_does_not_know_is_named():
    named = pytest.raises(MetabenchError, match="--device gpu: torch knows no such device")
    with named, open_device("gpu"):
        pass


@pytest.mark.parametrize("name", ["mps", "xpu:0", "meta"])
def test_a_device_of_another_kind_is_refused(name):
    refused = pytest.raises(MetabenchError, match=f"{name}: neither a CPU nor .* cpu, cuda or")
    with refused, open_device(name):
        pass


@pytest.mark.fault(
    "Ctrl-C in meta-training, with running statistics and with moments that tasks hand on",
    "the same command, given again, ends with the same model to the bit",
    "what came after the last resume file",
)
@pytest.mark.parametrize("name", [name for name in EVERY if name.endswith(("Reptile", "ProtoNet"))])
def test_a_run_that_is_stopped_goes_on_to_the_same_model(
    blobs, spec, trained, tmp_path, monkeypatch, capfd, name
):
    """tests/faults/test_kills.py has the same with SIGKILL, at random moments."""
    of, interval = spec(name, **EVERY[name]), Run.interval

    def stopped(self):
        if self.progress.iteration == 32:
            raise KeyboardInterrupt
        interval(self)

    monkeypatch.setattr(Run, "interval", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(blobs, of, tmp_path, resume_every=0.0)
    monkeypatch.undo()
    run(blobs, of, tmp_path)
    assert "resuming after iteration 32" in capfd.readouterr().out
    models = [(x / "model.safetensors").read_bytes() for x in (trained(of), tmp_path)]
    assert models[0] == models[1]


@pytest.mark.fault(
    "a resume file of other hyperparameters or other code",
    "training says so and begins anew",
    "the iterations before",
)
@pytest.mark.parametrize("what", ["hyperparameters", "code"])
def test_a_resume_file_of_another_specification_is_not_used(
    blobs, spec, trained, tmp_path, monkeypatch, capfd, what
):
    other = spec(FOMAML, **{**EVERY[FOMAML], "iterations": 12})
    changed = {**other.hyperparameters, "iterations": 8} if what == "hyperparameters" else "older"
    monkeypatch.setattr(Run, "finish", lambda self: None)  # as if killed at the end
    run(blobs, replace(other, **{what: changed}), tmp_path, resume_every=0.0)
    assert (tmp_path / "resume.safetensors").exists()
    monkeypatch.undo()
    run(blobs, other, tmp_path)
    assert f"a training of other {what}; begins anew" in "".join(capfd.readouterr())
    models = [(x / "model.safetensors").read_bytes() for x in (trained(other), tmp_path)]
    assert models[0] == models[1]
    assert np.isfinite(read_json(tmp_path / "train.json")["cost"]["train_seconds"])


@pytest.mark.parametrize("what", ["data", "val_episodes"])
def test_nor_is_one_of_other_images_or_other_validation_episodes(
    blobs, spec, trained, tmp_path, monkeypatch, capfd, what
):
    """The best checkpoint so far was the best on the episodes that there were then."""
    of, others = spec(FOMAML, **EVERY[FOMAML]), tmp_path / "others"
    shutil.copytree(blobs, others)
    images, episodes = others / "data/blobs", others / "episodes/val"
    if what == "data":
        shutil.rmtree(images / "train")
        make_split(images / "train", 12, 10, seed=9)
    else:
        shutil.rmtree(episodes)
        write_episodes(DATA, "val", 3, 2, 20, 4, 9, images / "val", episodes)
    monkeypatch.setattr(Run, "finish", lambda self: None)  # as if killed at the end
    run(others, of, tmp_path, resume_every=0.0)
    monkeypatch.undo()
    run(blobs, of, tmp_path)
    assert f"a training of other {what}_sha256; begins anew" in "".join(capfd.readouterr())
    models = [(x / "model.safetensors").read_bytes() for x in (trained(of), tmp_path)]
    assert models[0] == models[1]


@pytest.mark.parametrize("other", ["of", "progress", "plan"])
def test_nor_is_one_of_another_version(spec, tmp_path, capfd, other):
    of = origin(spec(FOMAML, **EVERY[FOMAML]), "some data", "some episodes")
    told = {"of": canonical(of), "progress": "{}", "plan": '[{"tasks_at_once": 1}, {}]'}
    file, phi = tmp_path / "resume.safetensors", {"phi.weight": torch.zeros(1)}
    save_sealed(file, phi, told)
    assert load_state(file, of, torch.device("cpu")) is not None
    save_sealed(file, phi, {**told, other: '[{"watts": 1}, {}]'})
    assert load_state(file, of, torch.device("cpu")) is None
    assert "begins anew" in "".join(capfd.readouterr())


def test_a_run_that_is_ended_early_has_a_model_and_goes_on_to_the_same_one(
    blobs, spec, trained, tmp_path, capfd
):
    of, out = spec(FOMAML, **EVERY[FOMAML]), tmp_path / "ended"
    with ended_early(out, 32):
        run(blobs, of, out)
    told = read_json(out / "train.json")
    assert (told["iterations"], told["status"]) == (32, "finished")
    assert told["checkpoint"]["iteration"] == 20  # the last that was validated
    assert accuracy(blobs, of, out) > 0.4  # chance is 1/3
    run(blobs, of, out)
    assert "resuming after iteration 32" in capfd.readouterr().out
    assert read_json(out / "train.json")["iterations"] == 60
    models = [(x / "model.safetensors").read_bytes() for x in (trained(of), out)]
    assert models[0] == models[1]
    assert not (out / "resume.safetensors").exists()
