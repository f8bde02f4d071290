"""A small study from nothing to its page, and what is done again when something changes."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from conftest import STUDY, Copy

pytestmark = pytest.mark.workflow

REPORT = {"collect", "tables", "figures", "page", "all"}
RUNS = "results/runs/tiny/glyphs_smoke/5w1s"


def rules(finished: Copy, study: str) -> list[str]:
    """The rules of the jobs that there are to do, the report's left out."""
    return sorted(job.rule for job in finished.plan(study) if job.rule not in REPORT)


def test_a_study_ends_in_a_page_tables_and_figures(finished: Copy) -> None:
    report = finished.folder / "reports" / "tiny"
    assert (report / "index.html").stat().st_size > 1000
    assert list(report.glob("tables/*.csv"))
    assert list(report.glob("figures/*.svg"))


def test_every_run_says_what_it_was(finished: Copy) -> None:
    run = json.loads((finished.folder / RUNS / "pretrain_head/seed0/run.json").read_text())
    episodes = finished.folder / "results/episodes/glyphs_smoke/test-5w1s/episodes.json"
    assert run["episodes_sha256"] == json.loads(episodes.read_text())["sha256"]
    assert run["hyperparameters"]["iterations"] == 2
    assert run["published_iterations"] == 0  # of glyphs no paper says a length


def test_every_job_is_measured(finished: Copy) -> None:
    logs = finished.folder / "logs/tiny/glyphs_smoke/5w1s/pretrain_head/seed0"
    assert float(json.loads((logs / "train.jsonl").read_text())["s"]) > 0


def test_a_model_of_another_algorithm_is_not_trained_twice(finished: Copy) -> None:
    folder = finished.folder / RUNS / "pretrain_finetune/seed0"
    assert (folder / "predictions.npy").is_file()
    assert not (folder / "model.safetensors").exists()


def test_what_is_tested_on_another_s_model_chooses_its_step_size_before(finished: Copy) -> None:
    """On validation episodes, which training would have chosen on; no test label is an input."""
    study = finished.write(STUDY)
    again = finished.plan(study, "--forcerun", "evaluate")
    (job,) = (job for job in again if any("pretrain_finetune" in file for file in job.outputs))
    labels = [file for file in job.inputs if file.endswith("query_labels.npy")]
    assert labels == ["results/episodes/glyphs_smoke/val-5w1s/query_labels.npy"]
    run = json.loads((finished.folder / RUNS / "pretrain_finetune/seed0/run.json").read_text())
    candidates = run["hyperparameters"]["test_lrs"]
    assert len(candidates) > 1
    assert any(abs(run["test_lr"] - lr) < 1e-6 for lr in candidates)


def test_a_model_of_another_setting_is_not_trained_twice(finished: Copy) -> None:
    """What was trained for 5 shots serves 7 too, where the study says so."""
    one_model = STUDY.replace("settings: [5s]", "settings: [5s, 7s]\n    trained_in: 5s")
    study = finished.write(one_model, "one_model.yaml")
    assert rules(finished, study) == ["evaluate", "function_episodes"]
    (job,) = (job for job in finished.plan(study) if job.rule == "evaluate")
    assert "results/runs/tiny/sinusoid_smoke/1w5s/maml/seed0/model.safetensors" in job.inputs
    assert all("/1w7s/" in file for file in job.outputs)


def test_a_second_time_there_is_nothing_to_do(finished: Copy) -> None:
    shown = finished.snakemake("--configfile", finished.write(STUDY))
    assert shown.returncode == 0
    assert "Nothing to be done" in shown.stdout


def test_a_comment_in_the_study_runs_nothing_again(finished: Copy) -> None:
    assert rules(finished, finished.write(f"# seen\n{STUDY}", "comment.yaml")) == []


def test_a_hyperparameter_runs_its_own_runs_again_and_no_others(finished: Copy) -> None:
    edited = STUDY.replace("iterations: 4,", "iterations: 4, inner_lr: 0.02,")
    assert rules(finished, finished.write(edited, "edited.yaml")) == ["evaluate", "train_maml"]


def test_another_seed_runs_that_seed_alone(finished: Copy) -> None:
    study = finished.write(STUDY.replace("seeds: [0]", "seeds: [0, 1]"), "seeds.yaml")
    jobs = [job for job in finished.plan(study) if job.rule not in REPORT]
    assert sorted(job.rule for job in jobs) == [
        *("evaluate", "evaluate", "evaluate"),
        *("train_maml", "train_pretrain_head"),
    ]
    assert all("/seed1/" in file for job in jobs for file in job.outputs)


def test_where_archives_lie_changes_nothing(finished: Copy) -> None:
    study = finished.write(f"archives: {finished.folder}\n{STUDY}", "archives.yaml")
    assert rules(finished, study) == []


def test_snakemake_has_a_report_of_its_own(finished: Copy) -> None:
    """With the page, tables and figures in it, under their categories; nothing is downloaded."""
    done = finished.snakemake("--report", "report.zip", "--configfile", "study.yaml")
    assert done.returncode == 0, done.stdout
    with ZipFile(finished.folder / "report.zip") as archive:
        names = {Path(name).name for name in archive.namelist()}
        page = archive.read("report/report.html").decode()
    assert {"report.html", "index.html", "summary.csv", "curves-sinusoid_smoke.svg"} <= names
    for text in ("Figures", "Tables", "not chosen by eye", "pre-training among them"):
        assert text in page
