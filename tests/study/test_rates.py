"""What a study is said to take: from measured rates, and unknown where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from metabench.cli import main
from metabench.study.config import load
from metabench.study.plan import describe
from metabench.study.rates import COLUMNS, Rate, hours, measured, rate_of, read_rates

PROJECT = Path(__file__).resolve().parents[2]
STUDY = """\
study: cost
seeds: [0, 1]
grid:
  - dataset: sinusoid
    settings: [5s, 10s]
    algorithms: [maml]
    set: {iterations: 3600, meta_batch: 25}
  - dataset: cub_subset
    settings: [5w1s]
    algorithms: [protonet]
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    return path


@pytest.fixture
def rates(tmp_path: Path) -> Path:
    path = tmp_path / "rates.csv"
    path.write_text(",".join(COLUMNS) + "\nmaml,sinusoid,1,5,mlp-40-40,25,0.5,A device\n")
    return path


def test_hours_are_those_of_the_measured_rate_and_no_others(study: Path, rates: Path) -> None:
    models = load(study, PROJECT / "config").models
    known = read_rates(rates)
    five, ten = (next(m for m in models if m.shot == shot) for shot in (5, 10))
    assert rate_of(five, known) == Rate(0.5, "A device")
    assert hours(five, known) == 3600 * 0.5 / 3600
    assert hours(ten, known) is None


def test_a_rate_of_another_meta_batch_is_no_rate(study: Path, rates: Path) -> None:
    study.write_text(STUDY.replace("meta_batch: 25", "meta_batch: 50"))
    assert all(
        hours(model, read_rates(rates)) is None for model in load(study, PROJECT / "config").models
    )


def test_the_rate_of_an_algorithm_is_that_of_its_labels(study: Path, rates: Path) -> None:
    study.write_text(STUDY.replace("[maml]", "[maml, maml--again]"))
    models = [m for m in load(study, PROJECT / "config").models if m.shot == 5]
    known = {model.algorithm: rate_of(model, read_rates(rates)) for model in models}
    assert known == dict.fromkeys(("maml", "maml--again"), Rate(0.5, "A device"))


def test_the_plan_says_what_is_known_and_what_is_not(
    study: Path, rates: Path, tmp_path: Path
) -> None:
    text = describe(load(study, PROJECT / "config"), tmp_path)
    assert (
        "  maml: 4 models, 14,400 meta-iterations, 1 hours (A device), unknown hours of 2\n" in text
    )
    assert "  protonet: 2 models, 120,000 meta-iterations, unknown hours of all\n" in text
    assert "CUB_200_2011_subset.zip: found here, or put there by you: no host has it. " in text
    assert "beside those of cub_subset, which are known when they are read" in text
    assert text.endswith("6 runs, 6 models to train, 134,400 meta-iterations")


def test_the_plan_of_the_whole_names_downloads_terms_and_disk() -> None:
    text = describe(load(PROJECT / "config" / "paper.yaml", PROJECT / "config"), PROJECT / "config")
    assert "CUB_200_2011.tgz: found here, or downloaded (1,150.6 MB). Terms: research" in text
    assert "mini-imagenet-cache-train.pkl: found here, or downloaded (size unknown)" in text
    assert "non-commercial research" in text
    # miniImageNet 1.27 GB, once more for the way to CUB, CUB's least twice, Omniglot twice.
    assert "disk: 3.00 GB of images" in text


def test_a_finished_run_gives_its_own_rate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = {
        **{"algorithm": "maml", "dataset": "omniglot", "way": 5, "shot": 1, "seed": 0},
        **{"backbone": "conv4-64", "hyperparameters": {"meta_batch": 32}, "iterations": 200},
        **{"cost": {"train_seconds": 50.0}, "device": "A device, a fast one"},
    }
    assert measured(run) == "maml,omniglot,5,1,conv4-64,32,0.25,A device; a fast one"
    assert measured({**run, "algorithm": "maml--deep"}) == measured(run)
    (tmp_path / "run.json").write_text(json.dumps(run))
    assert main(["rates", str(tmp_path)]) == 0
    path = tmp_path / "rates.csv"
    path.write_text(capsys.readouterr().out)
    assert list(read_rates(path).values()) == [Rate(0.25, "A device; a fast one")]


def test_the_projects_own_rates_are_read() -> None:
    assert read_rates(PROJECT / "config" / "rates.csv")
