"""A small study from nothing to its page, and what is done again when something changes.

All that looks at the finished study is in this one file: it is run once, and takes a minute.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
import workflow_copy
from workflow_copy import Copy, Job, copy_workflow

pytestmark = pytest.mark.workflow

# The study that all have here, with MAML on a second network.
GLYPHS = "  - dataset: glyphs_smoke\n"
LABELLED = """\
  - dataset: sinusoid_smoke
    backbone: mlp-8
    settings: [5s]
    algorithms: [maml--mlp-8]
    set: {iterations: 3, validate_every: 2}
"""
STUDY = workflow_copy.STUDY.replace(GLYPHS, f"{LABELLED}{GLYPHS}")
RUNS = "results/runs/tiny/glyphs_smoke/5w1s"

# The rules of the jobs that an edit of a file of metabench/ does again.
PAGE = ["page"]
FIGURES = ["figures", *PAGE]
REPORT = ["collect", *FIGURES, "tables"]
MAML = ["evaluate", "evaluate", "train_maml", "train_maml", *REPORT]  # on sinusoids, with an mlp
PRETRAINED = ["evaluate", "evaluate", "train_pretrain_head", *REPORT]  # two on one model of conv4

# Which files count for which of them is in test_sources.py.
EDITS = {
    "algorithms/maml.py": MAML,
    "networks/convolution.py": PRETRAINED,
    "datasets/glyphs.py": ["prepare", "image_episodes", "image_episodes", *PRETRAINED],
    "datasets/sinusoid.py": ["function_episodes", "function_episodes", *MAML],
    # Else every run of every study: run.json notes it instead.
    "learning/engine.py cli/program.py": [],
    "report/scoring.py": REPORT,
    "report/tables/cost.py": ["page", "tables"],
    "report/figures/training.py": FIGURES,
    "report/tables/captions.py": PAGE,
    "report/page/template.html": PAGE,
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which the tiny study has run, to its page. Tests may only look and plan."""
    made = copy_workflow(tmp_path_factory.mktemp("finished"))
    done = made.snakemake("--configfile", made.write(STUDY))
    assert done.returncode == 0, done.stdout
    return made


def jobs_of_runs(finished: Copy, study: str) -> list[Job]:
    """The jobs that there are to do, the report's left out."""
    return [job for job in finished.plan(study) if job.rule not in {*REPORT, "all"}]


def rules(finished: Copy, study: str) -> list[str]:
    """Their rules."""
    return sorted(job.rule for job in jobs_of_runs(finished, study))


def test_a_study_ends_in_a_page_tables_and_figures(finished: Copy) -> None:
    report = finished.folder / "reports" / "tiny"
    assert (report / "index.html").stat().st_size > 1000
    assert list(report.glob("tables/*.csv"))
    assert list(report.glob("figures/*.svg"))


def test_every_run_says_what_it_was(finished: Copy) -> None:
    results, runs = finished.folder / "results", {}
    for file in (results / "runs/tiny").rglob("run.json"):
        run = json.loads(file.read_text())
        dataset, setting, algorithm, seed = file.relative_to(results / "runs/tiny").parts[:4]
        episodes = results / "episodes" / dataset / f"test-{setting}" / "episodes.json"
        assert run["episodes_sha256"] == json.loads(episodes.read_text())["sha256"]
        assert (run["algorithm"], f"seed{run['seed']}") == (algorithm, seed)
        runs[algorithm] = run
    assert set(runs) == {"maml", "maml--mlp-8", "pretrain_head", "pretrain_finetune"}
    assert runs["maml"]["hyperparameters"]["iterations"] == 4
    assert runs["pretrain_head"]["hyperparameters"]["iterations"] == 2
    assert runs["pretrain_head"]["published_iterations"] == 0  # of glyphs no paper says a length


def test_an_algorithm_on_two_networks_has_a_run_and_a_row_on_each(finished: Copy) -> None:
    report = finished.folder / "reports/tiny"
    rows = pd.read_csv(report / "tables/results.csv").set_index("algorithm")
    forms = rows.loc[["maml", "maml--mlp-8"]]
    assert forms["title"].tolist() == ["MAML", "MAML, mlp-8"]
    assert forms["backbone"].tolist() == ["mlp-40-40", "mlp-8"]
    assert forms["iterations"].tolist() == [4, 3]
    assert forms["status"].tolist() == ["finished", "finished"]
    page = (report / "index.html").read_text()
    for name in forms.index:  # each says what MAML is
        section = page.partition(f'id="algorithm-{name}"')[2].partition('id="algorithm-')[0]
        assert "arXiv:1703.03400" in section


def test_every_job_is_measured(finished: Copy) -> None:
    logs = finished.folder / "logs"
    measured = sorted(logs.rglob("*.jsonl"))
    assert [file.with_suffix(".log") for file in measured] == sorted(logs.rglob("*.log"))
    assert len(measured) > 10
    assert all(float(json.loads(file.read_text())["s"]) > 0 for file in measured)


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
    both = "settings: [5s, 7s]\n    trained_in: 5s"
    one_model = STUDY.replace("settings: [5s]", both, 1)
    jobs = jobs_of_runs(finished, finished.write(one_model, "one_model.yaml"))
    assert sorted(job.rule for job in jobs) == ["evaluate", "function_episodes"]
    (job,) = (job for job in jobs if job.rule == "evaluate")
    assert "results/runs/tiny/sinusoid_smoke/1w5s/maml/seed0/model.safetensors" in job.inputs
    assert all("/1w7s/" in file for file in job.outputs)


def test_a_second_time_there_is_nothing_to_do(finished: Copy) -> None:
    shown = finished.snakemake("--configfile", finished.write(STUDY))
    assert shown.returncode == 0
    assert "Nothing to be done" in shown.stdout


def test_a_comment_and_where_archives_lie_run_nothing_again(finished: Copy) -> None:
    study = f"# seen\narchives: {finished.folder}\n{STUDY}"
    assert rules(finished, finished.write(study, "moved.yaml")) == []


def test_a_hyperparameter_runs_its_own_runs_again_and_no_others(finished: Copy) -> None:
    other = STUDY.replace("iterations: 4,", "iterations: 4, inner_lr: 0.02,")
    assert rules(finished, finished.write(other, "edited.yaml")) == ["evaluate", "train_maml"]


def test_another_seed_runs_that_seed_alone(finished: Copy) -> None:
    study = finished.write(STUDY.replace("seeds: [0]", "seeds: [0, 1]"), "seeds.yaml")
    jobs = jobs_of_runs(finished, study)
    assert sorted(job.rule for job in jobs) == [
        *("evaluate", "evaluate", "evaluate", "evaluate"),
        *("train_maml", "train_maml", "train_pretrain_head"),
    ]
    assert all("/seed1/" in file for job in jobs for file in job.outputs)


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


@contextmanager
def edited(path: Path, line: str) -> Iterator[None]:
    """The file with another line; afterwards as it was, its time too."""
    text, times = path.read_text(), path.stat()
    path.write_text(f"{text}{line}\n")
    try:
        yield
    finally:
        path.write_text(text)
        os.utime(path, (times.st_atime, times.st_mtime))


@pytest.mark.parametrize("files", EDITS)
def test_an_edit_does_again_what_depends_on_it(finished: Copy, files: str) -> None:
    with ExitStack() as edits:
        for file in files.split():
            line = "<!-- edited -->" if file.endswith(".html") else "EDITED = True"
            edits.enter_context(edited(finished.folder / "metabench" / file, line))
        jobs = finished.plan("study.yaml")
    assert sorted(job.rule for job in jobs if job.rule != "all") == sorted(EDITS[files])


@pytest.mark.parametrize(
    ("file", "again"), [("algorithms/maml.py", PAGE), ("report/scoring.py", [])]
)
def test_what_is_only_said_better_does_no_run_again(
    finished: Copy, file: str, again: list[str]
) -> None:
    with edited(finished.folder / "metabench" / file, "# A comment."):
        jobs = finished.plan("study.yaml")
    assert [job.rule for job in jobs if job.rule != "all"] == again


def test_results_of_what_the_study_asks_no_more_are_a_gap(finished: Copy, tmp_path: Path) -> None:
    other = STUDY.replace("    settings: [5s]", "    backbone: mlp-9\n    settings: [5s]", 1)
    other += "    hyperparameters: {pretrain_finetune: {test_inner_steps: 3}}\n"
    out = tmp_path / "partial"
    shown = finished.command("partial", finished.write(other, "edited.yaml"), "--out", str(out))
    assert "2 of 4 runs are there" in shown.stdout
    why = pd.read_csv(out / "gaps.csv").set_index("algorithm")["why"]
    assert set(why.index) == {"maml", "pretrain_finetune"}
    assert "of another backbone" in why["maml"]
    assert "of other hyperparameters" in why["pretrain_finetune"]
