"""What Snakemake plans to do, and what it says of a bad study, before any job starts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest
from workflow_copy import PROJECT, STUDY, Copy, Job, copy_workflow

from metabench.study.config import load

pytestmark = pytest.mark.workflow


Plan = Callable[[str], list[Job]]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """``plan(study)``: its jobs where nothing has run."""
    copy = copy_workflow(tmp_path_factory.mktemp("planned"))
    return cache(copy.plan)


def test_the_default_study_trains_and_evaluates_every_run(plan: Plan) -> None:
    study = load(PROJECT / "config" / "config.yaml", PROJECT / "config")
    count = Counter(job.rule for job in plan("config/config.yaml"))
    for algorithm in {model.algorithm for model in study.models}:
        models = [model for model in study.models if model.algorithm == algorithm]
        assert count[f"train_{algorithm}"] == len(models)
    assert count["evaluate"] == len(study.runs)
    assert count["image_episodes"] + count["function_episodes"] == len(study.episodes)
    assert all(count[rule] == 1 for rule in ("collect", "tables", "figures", "page", "all"))


@pytest.mark.parametrize("name", ["config", "omniglot-challenge"])
def test_no_training_job_reads_a_file_of_the_test_split(plan: Plan, name: str) -> None:
    training = [j for j in plan(f"config/{name}.yaml") if j.rule.startswith("train_")]
    assert training
    for job in training:
        assert not [file for file in job.inputs if "test" in file]
        assert any("/val-" in file for file in job.inputs)


def test_no_evaluation_reads_the_labels_of_the_queries(plan: Plan) -> None:
    jobs = plan("config/omniglot-challenge.yaml")
    tested = [j for j in jobs if j.rule in ("evaluate", "hausdorff")]
    assert len(tested) == len(load(PROJECT / "config/omniglot-challenge.yaml").runs)
    for job in tested:
        labels = [file for file in job.inputs if "labels" in file]
        assert not [file for file in labels if "/val" not in file]  # a step size may be chosen on


def test_a_program_is_given_no_position_that_says_a_class(plan: Plan) -> None:
    """Images are sorted by class where `evaluate` reads them, and shuffled where a program does."""
    jobs = plan("config/omniglot-challenge.yaml")
    shown = [{f for f in j.inputs if f.endswith(".npy")} for j in jobs if j.rule == "hausdorff"]
    assert shown
    for files in shown:
        assert {file.split("/")[1] for file in files} == {"blind"}
        assert {file.split("/")[-1] for file in files} == {"images.npy", "support.npy", "query.npy"}
    shuffling = [job for job in jobs if job.rule == "blind"]
    assert sorted(f for j in shuffling for f in j.outputs) == sorted(set.union(*shown))
    assert not [file for job in shuffling for file in job.inputs if "labels" in file]
    tested = [file for job in jobs if job.rule == "evaluate" for file in job.inputs]
    assert not [file for file in tested if "blind" in file]


def test_tables_and_figures_can_be_asked_for_alone(copy: Copy) -> None:
    study = copy.write(STUDY)
    assert "figures" not in {job.rule for job in copy.plan(study, "tables")}
    assert "tables" not in {job.rule for job in copy.plan(study, "figures")}


def test_a_bad_study_is_one_line_and_no_job(copy: Copy) -> None:
    """tests/study/test_config.py has all that may be wrong."""
    shown = copy.snakemake("--configfile", copy.write(STUDY.replace("[maml]", "[mamml]")))
    assert shown.returncode == 1
    said = "metabench: error: study.yaml: grid[0].algorithms[0]: no algorithm 'mamml'; did you "
    assert shown.stdout.startswith(said)
    assert shown.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("published.csv", ",5,1,", ",5,one,"),
        ("reasons.csv", "maml,", "Maml,"),
        ("rates.csv", ",AMD EPYC", ""),
    ],
)
def test_a_table_of_the_project_that_is_not_right_is_one_line_and_no_job(
    copy: Copy, table: str, old: str, new: str
) -> None:
    """tests/files/test_csv_table.py has all that may be wrong."""
    file = copy.folder / "config" / table
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    shown = copy.snakemake("--configfile", copy.write(STUDY))
    assert shown.returncode == 1
    assert re.match(rf"metabench: error: \S+config/{table}:\d+: .* right", shown.stdout)
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


def test_a_rule_copied_from_another_algorithm_s_is_named(copy: Copy) -> None:
    rules = copy.folder / "workflow/rules/algorithms"
    copy.write((rules / "protonet.smk").read_text(), str(rules / "maml.smk"))
    shown = copy.snakemake("--configfile", copy.write(STUDY))
    assert "maml.smk: its rule is for the algorithm 'protonet'; write algorithm=" in shown.stdout
    assert shown.stdout.count("\n") == 1


def test_a_dry_run_begins_with_what_the_study_asks_for(copy: Copy) -> None:
    shown = copy.snakemake("-n", "--configfile", copy.write(STUDY))
    assert shown.stdout.startswith("tiny: tiny (1 seed)\n  sinusoid_smoke 5s, mlp-40-40: maml\n")
    assert "maml: 1 model, 4 meta-iterations, unknown hours of all" in shown.stdout
