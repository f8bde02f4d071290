"""The class that docs/adding-an-algorithm.md shows works, with no other file edited."""

from __future__ import annotations

import pandas as pd
import pytest
from workflow_copy import Copy

pytestmark = pytest.mark.workflow

EXAMPLE = """\
study: example
seeds: [3]
grid:
  - dataset: glyphs_smoke
    settings: [5w1s]
    algorithms: [zeroing]
    hyperparameters: {zeroing: {iterations: 2, meta_batch: 2, validate_every: 1}}
"""


def test_a_new_algorithm_is_run_and_scored(copy: Copy) -> None:
    copy.write_example()
    target = "reports/example/scores.csv.gz"
    done = copy.snakemake(target, "--configfile", copy.write(EXAMPLE))
    assert done.returncode == 0, done.stdout
    scores = pd.read_csv(copy.folder / target)
    assert set(scores["algorithm"]) == {"zeroing"}
    assert set(scores["seed"]) == {3}

    # Its rule is for it under any label.
    labelled = EXAMPLE.replace("[zeroing]", "[zeroing, zeroing--again]")
    jobs = copy.plan(copy.write(labelled, "labelled.yaml"), target)
    assert sorted(job.rule for job in jobs) == ["collect", "evaluate", "train_zeroing"]
    assert all("/zeroing--again/" in f for job in jobs for f in job.outputs if "/runs/" in f)

    # An edit of the class runs its runs again, and no others.
    with (copy.folder / "my_algorithms" / "zeroing.py").open("a") as source:
        source.write("EDITED = True\n")
    rules = {job.rule for job in copy.plan("study.yaml", target)}
    assert rules == {"train_zeroing", "evaluate", "collect"}


def test_the_hyperparameters_of_a_new_algorithm_are_checked(copy: Copy) -> None:
    copy.write_example()
    study = copy.write(EXAMPLE.replace("iterations: 2", "inner_lr: 0"))
    shown = copy.snakemake("--configfile", study)
    assert "grid[0].hyperparameters.zeroing: 'inner_lr' is 0" in shown.stdout
