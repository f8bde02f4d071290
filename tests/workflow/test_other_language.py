"""A program in another language is run, checked at its own rule, and scored."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from workflow_copy import Copy

from metabench.files.whole import read_json

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(not shutil.which("node"), reason="the example is in JavaScript: no node"),
]

STUDY = """\
study: example
seeds: [0, 1]
grid:
  - dataset: glyphs_smoke
    settings: [5w1s]
    algorithms: [nearest]
"""
EPISODES = "results/episodes/glyphs_smoke/test-5w1s"
BLIND = "results/blind/glyphs_smoke/test-5w1s"
RUN = Path("results/runs/example/glyphs_smoke/5w1s/nearest/seed0")


def test_a_program_in_another_language_is_scored(copy: Copy) -> None:
    copy.write_example()
    target, study = "reports/example/scores.csv.gz", copy.write(STUDY)
    done = copy.snakemake("--configfile", study)
    assert done.returncode == 0, done.stdout
    assert (copy.folder / "reports/example/index.html").is_file()
    scores = pd.read_csv(copy.folder / target)
    assert scores["seed"].unique().tolist() == [0]  # the same from every seed
    assert scores["score"].mean() > 0.25  # chance is 0.2
    run = read_json(copy.folder / RUN / "run.json")
    assert run["cost"]["evaluate_seconds"] > 0
    assert run["cost"]["peak_memory_mb"] > 10
    assert run["episodes_sha256"] == read_json(copy.folder / EPISODES / "episodes.json")["sha256"]

    # Its rule is for it under any label.
    labelled = STUDY.replace("[nearest]", "[nearest, nearest--again]")
    jobs = copy.plan(copy.write(labelled, "labelled.yaml"), target)
    assert sorted(job.rule for job in jobs) == ["collect", "nearest"]

    # It was given positions in shuffled images, and says the same of those that are sorted.
    sorted_by_class = "results/data/glyphs_smoke/test/images.npy"
    files = [sorted_by_class, f"{EPISODES}/support.npy", f"{EPISODES}/query.npy"]
    again = copy.run("node", "my_algorithms/nearest.js", *files, "again.npy")
    assert again.returncode == 0, again.stdout
    assert not np.array_equal(*(np.load(copy.folder / f / "query.npy") for f in (EPISODES, BLIND)))
    assert np.array_equal(
        *(np.load(copy.folder / f) for f in ("again.npy", RUN / "predictions.npy"))
    )

    # An edit of the program runs it again, and what it now does wrong fails its rule in one line.
    program = copy.folder / "my_algorithms/nearest.js"
    program.write_text(program.read_text().replace("shape: query.shape,", "shape: [1, 2, 3],"))
    assert {job.rule for job in copy.plan(study, target)} == {"nearest", "collect"}
    failed = copy.snakemake(target, "--configfile", study)
    assert f"metabench: error: {RUN}/predictions.npy: " in failed.stdout
    assert "Error in rule nearest" in failed.stdout
    assert "rule collect:" not in failed.stdout
    assert not (copy.folder / RUN / "run.json").exists()
