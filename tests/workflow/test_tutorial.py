"""docs/tutorial.md, from its own study on, typed line by line as a reader would.

What is trained is smaller, and Snakemake lists its jobs in place of running them, but for the last
time.
"""

from __future__ import annotations

import re

import pytest
from documents import Block, blocks, commands
from workflow_copy import PROJECT, Copy, parse_jobs

pytestmark = pytest.mark.workflow

TEXT = (PROJECT / "docs" / "tutorial.md").read_text(encoding="utf-8")
OWN = blocks(TEXT.partition("\n## 4.")[2])
STUDY = "mine/study.yaml"
RUN = f"snakemake --cores all --configfile {STUDY}"
TABLES = RUN.replace("all ", "all tables ")
SMALLER = {  # of the study's text
    "dataset: glyphs ": "dataset: glyphs_smoke ",
    "conv4-16": "conv4-8",
    r"seeds: .*": "seeds: [0]",
    r"iterations: \d+": "iterations: 2",
    r"meta_batch: \d+": "meta_batch: 2",
    r"validate_every: \d+": "validate_every: 1",
}


def edited(study: str, block: Block) -> str:
    """The study with the line that a block shows, in the place of the one with its key."""
    key = re.escape(block.text.partition(":")[0])
    if re.search(rf"^{key}:", study, re.M):
        return re.sub(rf"^{key}:.*\n", lambda _: block.text, study, flags=re.M)
    return re.sub(r"^      maml:.*\n", lambda found: found[0] + block.text, study, flags=re.M)


def smaller(study: str) -> str:
    for old, new in SMALLER.items():
        study = re.sub(old, new, study)
    return study


def typed(copy: Copy, lines: list[str]) -> str:
    """What one shell says to a fence's commands."""
    done = copy.run("bash", "-euc", "\n".join(lines))
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_tutorial_leads_to_a_new_row_beside_pre_training(copy: Copy) -> None:
    """Nothing has run before the last time, so each list has MAML's training, edited or not."""
    left = sum(RUN in commands(block) for block in OWN)
    assert left == 3
    for block in OWN:
        if block.file:
            copy.write(smaller(block.text), block.file)
        elif block.language == "yaml":
            study = edited((copy.folder / STUDY).read_text(), block)
            assert block.text in study
            copy.write(smaller(study), STUDY)
        elif RUN in commands(block):
            left -= 1
            # Where more are left, `snakemake -n` before it lists the jobs.
            lines = [c for c in commands(block) if c != RUN or not left]
            listed = typed(copy, [TABLES if c == RUN else c for c in lines])
            assert not left or "train_maml" in {job.rule for job in parse_jobs(listed)}
        else:
            said = typed(copy, commands(block))
    rows = [line for line in said.splitlines() if line.startswith("| glyphs_smoke")]
    assert any("| Fixed length (inductive) | Pre-training + new head" in row for row in rows)
