"""What docs/adding-an-algorithm.md shows works, with no other file edited."""

from __future__ import annotations

import pandas as pd
import pytest
from conftest import Copy

pytestmark = pytest.mark.workflow

EXAMPLE = """\
study: example
seeds: [0, 1]
grid:
  - dataset: glyphs_smoke
    settings: [5w1s]
    algorithms: [anil, nearest]
    hyperparameters: {anil: {iterations: 2, meta_batch: 2, validate_every: 1}}
"""


def test_a_new_algorithm_and_an_external_program_are_run_and_scored(copy: Copy) -> None:
    copy.write_example()
    target = "reports/example/scores.csv.gz"
    done = copy.snakemake(target, "--configfile", copy.write(EXAMPLE))
    assert done.returncode == 0, done.stdout
    scores = pd.read_csv(copy.folder / target)
    seeds = scores.groupby("algorithm")["seed"].nunique()
    assert seeds.to_dict() == {"anil": 2, "nearest": 1}
    assert scores.groupby("algorithm")["score"].mean()["nearest"] > 0.25  # chance is 0.2


def test_the_hyperparameters_of_a_new_algorithm_are_checked(copy: Copy) -> None:
    copy.write_example()
    study = copy.write(EXAMPLE.replace("iterations: 2", "inner_lr: 0"))
    shown = copy.snakemake("--configfile", study)
    assert "grid[0].hyperparameters.anil: 'inner_lr' is 0" in shown.stdout
