"""One run that fails, and one that diverges, take no other with them; what there is is shown."""

from __future__ import annotations

import pandas as pd
import pytest
from workflow_copy import Copy

pytestmark = pytest.mark.workflow

STUDY = """\
study: broken
seeds: [0]
grid:
  - dataset: sinusoid_smoke
    settings: [5s]
    algorithms: [maml, fomaml, never]
    set: {iterations: 4, validate_every: 2}
    hyperparameters: {maml: {inner_lr: 1.0e+30}}
"""
YAML = """\
title: Always fails
external: true
tasks: [regression]
role: neither
"""
RULE = """\
rule never:
    input:
        unpack(test_files),
        program="study.yaml",
    output:
        predictions=f"{RUN}/predictions.npy",
        about=f"{RUN}/run.json",
    log:
        f"{LOG}/evaluate.log",
    wildcard_constraints:
        algorithm="never",
    params:
        spec=lambda w: run_spec(w).to_json(),
    shell:
        f"{EXTERNAL} false"
"""


def test_a_run_that_fails_and_one_that_diverges_stop_no_other(copy: Copy) -> None:
    copy.write(YAML, "config/algorithms/never.yaml")
    copy.write(RULE, "workflow/rules/algorithms/never.smk")
    study = copy.write(STUDY)
    nothing = copy.snakemake("partial", "--configfile", study)
    assert nothing.returncode == 1
    assert "metabench: error: results: no run of 'broken' has finished yet" in nothing.stdout

    done = copy.snakemake("--configfile", study)
    assert done.returncode == 1
    assert "metabench partial study.yaml" in done.stdout
    report = copy.folder / "reports/broken"
    assert not (report / "index.html").exists()

    shown = copy.snakemake("partial", "--configfile", study)
    assert shown.returncode == 0, shown.stdout
    assert "2 of 3 runs are there: reports/broken/partial/index.html" in shown.stdout
    page = (report / "partial/index.html").read_text()
    assert "1 of the study’s 3 runs is not here" in page
    table = pd.read_csv(report / "partial/tables/results.csv")
    assert table.set_index("algorithm")["status"].to_dict() == {
        "maml": "diverged",
        "fomaml": "finished",
        "never": "missing",
    }
    gaps = pd.read_csv(report / "partial/gaps.csv")
    assert gaps["why"].str.endswith("false: ended with status 1; see what it said above").all()

    # The whole study is not taken for done, and what has finished is not done again.
    left = {job.rule for job in copy.plan(study)}
    assert left == {"never", "collect", "tables", "figures", "page", "all"}
