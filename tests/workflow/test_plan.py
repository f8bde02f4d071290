"""What Snakemake plans to do, and what it says of a bad study, before any job starts."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from conftest import PROJECT, STUDY, Copy

from metabench.study.config import load

pytestmark = pytest.mark.workflow


def test_the_default_study_trains_and_evaluates_every_run(copy: Copy) -> None:
    study = load(PROJECT / "config" / "config.yaml", PROJECT / "config")
    jobs = copy.plan("config/config.yaml")
    count = Counter(job.rule for job in jobs)
    for algorithm in {model.algorithm for model in study.models}:
        models = [model for model in study.models if model.algorithm == algorithm]
        assert count[f"train_{algorithm}"] == len(models)
    assert count["evaluate"] == len(study.runs)
    assert count["image_episodes"] + count["function_episodes"] == len(study.episodes)
    assert all(count[rule] == 1 for rule in ("collect", "tables", "figures", "page", "all"))


@pytest.mark.parametrize("name", ["config", "omniglot-challenge"])
def test_no_training_job_reads_a_file_of_the_test_split(copy: Copy, name: str) -> None:
    training = [j for j in copy.plan(f"config/{name}.yaml") if j.rule.startswith("train_")]
    assert training
    for job in training:
        assert not [file for file in job.inputs if "test" in file]
        assert any("/val-" in file for file in job.inputs)


def test_no_evaluation_reads_the_labels_of_the_queries(copy: Copy) -> None:
    jobs = copy.plan("config/omniglot-challenge.yaml")
    tested = [j for j in jobs if j.rule in ("evaluate", "hausdorff")]
    assert len(tested) == len(load(PROJECT / "config/omniglot-challenge.yaml").runs)
    for job in tested:
        labels = [file for file in job.inputs if "labels" in file]
        assert not [file for file in labels if "/val" not in file]  # a step size may be chosen on


def test_tables_and_figures_can_be_asked_for_alone(copy: Copy) -> None:
    study = copy.write(STUDY)
    assert "figures" not in {job.rule for job in copy.plan(study, "tables")}
    assert "tables" not in {job.rule for job in copy.plan(study, "figures")}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seeds:", "sedes:", "study.yaml: unknown key 'sedes'; did you mean 'seeds'?"),
        ("[maml]", "[mamml]", "study.yaml: grid[0].algorithms[0]: no algorithm 'mamml'; did you "),
        ("[5w1s]", "[5w1s, 500w1s]", "study.yaml: grid[1].settings[1]: 500 ways are more than"),
        ("study: tiny", "study: tiny; rm -rf", "study.yaml: study: 'tiny; rm -rf' is not right"),
    ],
)
def test_a_bad_study_is_one_line_and_no_job(copy: Copy, old: str, new: str, said: str) -> None:
    shown = copy.snakemake("--configfile", copy.write(STUDY.replace(old, new, 1)))
    assert shown.returncode == 1
    assert shown.stdout.startswith(f"metabench: error: {said}")
    assert shown.stdout.count("\n") == 1


def test_a_study_is_not_mixed_with_the_default_one(copy: Copy) -> None:
    shown = copy.snakemake("--configfile", copy.write(STUDY.replace("seeds: [0]\n", "")))
    assert shown.stdout.startswith("metabench: error: study.yaml: the key 'seeds' is missing")


@pytest.mark.fault(
    "`--config` on Snakemake's command line, which would change a study without a trace",
    "refused in one line",
    "nothing",
)
def test_a_value_on_the_command_line_is_refused(copy: Copy) -> None:
    shown = copy.snakemake("--config", "seeds=[7]")
    assert shown.returncode == 1
    assert shown.stdout.startswith("metabench: error: --config: a study is one file")
    assert shown.stdout.count("\n") == 1


@pytest.mark.fault(
    "an algorithm without a rule", "one line that says which file to write", "nothing"
)
def test_an_algorithm_without_a_rule_is_named(copy: Copy) -> None:
    (copy.folder / "workflow/rules/algorithms/maml.smk").unlink()
    shown = copy.snakemake("--configfile", copy.write(STUDY))
    assert "maml.yaml: nothing trains 'maml'; write workflow/rules/" in shown.stdout
    assert shown.stdout.count("\n") == 1


def test_the_workflow_is_lint_free() -> None:
    command = [sys.executable, "-m", "snakemake", "--lint"]
    shown = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=600, check=False
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr


def test_a_dry_run_begins_with_what_the_study_asks_for(copy: Copy) -> None:
    shown = copy.snakemake("-n", "--configfile", copy.write(STUDY))
    assert shown.stdout.startswith("tiny: tiny (1 seed)\n  sinusoid_smoke 5s, mlp-40-40: maml\n")
    assert "maml: 1 model, 4 meta-iterations, unknown hours of all" in shown.stdout
