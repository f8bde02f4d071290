"""A study on a cluster: a real Slurm, started here, with two GPUs that are none.

The profile is used as it is, and Snakemake looks at its jobs more often. What happens to the
trainings on the way is in interrupted.py.
"""

from __future__ import annotations

import csv
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import one_node_slurm
import pytest
from interrupted import HERE, PLACE, PROFILE, Interrupted, cluster_copy
from workflow_copy import Copy

from metabench.files.whole import read_json
from metabench.learning.training import train
from metabench.study.config import load

pytestmark = [pytest.mark.workflow, pytest.mark.slurm]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    pytest.importorskip("snakemake_executor_plugin_slurm")
    with one_node_slurm.alone():
        if reason := one_node_slurm.why_not():
            pytest.skip(reason)
        with one_node_slurm.running():
            yield


@pytest.fixture(scope="module")
def controller(cluster: None, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which Snakemake itself is a job, which has begun."""
    copy = cluster_copy(tmp_path_factory.mktemp("controller"))
    target = "results/data/glyphs_smoke/test/meta.json"
    command = ["snakemake", target, *PROFILE, *HERE, "--configfile", "config/smoke.yaml"]
    job = ["sbatch", "--partition=cpu", "--output=controller.log", "--wrap", " ".join(command)]
    subprocess.run(job, cwd=copy.folder, env=copy.environment, check=True, capture_output=True)
    return copy


@pytest.fixture(scope="module")
def study(controller: Copy, tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    """The study, run to its end. The controller's job runs beside it, which saves time."""
    made = Interrupted(cluster_copy(tmp_path_factory.mktemp("study")))
    made.run()
    return made


def test_the_study_runs_to_its_page(study: Interrupted) -> None:
    page = study.copy.folder / "reports" / "cluster" / "index.html"
    assert page.stat().st_size > 1000


def test_small_jobs_stay_where_snakemake_is(study: Interrupted) -> None:
    mine = [job for job in study.jobs if job.partition == "gpu"]
    assert {job.rule.split()[0] for job in mine} == {"train_maml", "evaluate"}
    assert {job.gpus for job in mine} == {"gres:gpu:1"}


def test_all_that_can_run_is_in_the_queue_at_once(study: Interrupted) -> None:
    trainings = [job.rule for job in study.jobs if job.rule.startswith("train_")]
    assert set(trainings[:3]) == {"train_maml 0", "train_maml 1", "train_maml 2"}


def test_runs_side_by_side_see_different_gpus(study: Interrupted) -> None:
    assert {training.gpu for training in study.together} == {"0", "1"}


@pytest.mark.parametrize(("how", "state"), [("time limit", "TIMEOUT"), ("scancel", "CANCELLED")])
def test_a_run_that_is_stopped_is_tried_with_more(study: Interrupted, how: str, state: str) -> None:
    first, second = study.attempts(study.stopped[how].seed)
    assert (first.state, first.memory) == (state, "4000M")
    assert (second.state, second.memory, second.time) == ("COMPLETED", "8000M", "2-00:00:00")


def test_a_run_that_is_put_back_into_the_queue_stays_the_same_job(study: Interrupted) -> None:
    (job,) = study.attempts(study.stopped["requeue"].seed)
    assert (job.state, job.memory, job.time) == ("COMPLETED", "4000M", "1-00:00:00")
    assert job.restarts == "1"


@pytest.mark.parametrize("how", ["time limit", "scancel", "requeue"])
def test_a_run_that_is_stopped_ends_as_if_it_had_not_been(
    study: Interrupted, how: str, tmp_path: Path
) -> None:
    folder, seed = study.copy.folder, study.stopped[how].seed
    log = (folder / "logs" / PLACE.format(seed=seed) / "train.log").read_text()
    assert re.search(r"resuming after iteration [1-9]", log)

    spec = next(m for m in load(folder / "study.yaml", folder / "config").models if m.seed == seed)
    train(spec, None, None, folder / "results/episodes/sinusoid_smoke/val-1w5s", tmp_path)
    run, model = folder / "results" / "runs" / PLACE.format(seed=seed), "model.safetensors"
    assert (run / model).read_bytes() == (tmp_path / model).read_bytes()
    assert history(run) == history(tmp_path)
    assert read_json(run / "train.json")["gpu"]["visible"] in {"0", "1"}


def history(run: Path) -> list[dict[str, str]]:
    """All of it but how many seconds it took."""
    with (run / "history.csv").open() as stream:
        return [{**row, "seconds": ""} for row in csv.DictReader(stream)]


def test_snakemake_may_itself_be_a_job(study: Interrupted, controller: Copy) -> None:
    log = (controller.folder / "controller.log").read_text()
    assert "100%" in log, log
    assert (controller.folder / "results/data/glyphs_smoke/test/meta.json").exists()
    assert [job.partition for job in study.jobs if job.rule.startswith("prepare")] == ["cpu"]


def test_a_cluster_without_accounts_is_told_what_to_do(cluster: None, copy: Copy) -> None:
    shown = copy.snakemake(*PROFILE, "--configfile", "config/smoke.yaml")
    assert shown.returncode == 1
    assert re.search(
        r"^metabench: error: executor slurm: .* --slurm-status-command squeue$", shown.stdout, re.M
    )
