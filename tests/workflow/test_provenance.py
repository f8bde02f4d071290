"""An edit of code does again what depends on it, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Copy

pytestmark = pytest.mark.workflow

PAGE = ["page"]
FIGURES = ["figures", *PAGE]
REPORT = ["collect", *FIGURES, "tables"]
MAML = ["evaluate", "train_maml", *REPORT]  # on sinusoids, with an mlp
PRETRAINED = ["evaluate", "evaluate", "train_pretrain_head", *REPORT]  # two on one model of conv4

EDITS = {
    "algorithms/maml.py": MAML,
    "networks/mlp.py": MAML,
    "networks/convolution.py": PRETRAINED,
    "pretraining.py": PRETRAINED,
    "inner_loop.py": [*MAML, *PRETRAINED[:3]],
    "learning/engine.py": [],  # else every run of every study: run.json notes it instead
    "cli/program.py": [],
    "report/scoring.py": REPORT,
    "report/tables/cost.py": ["page", "tables"],
    "report/figures/training.py": FIGURES,
    "report/page/captions.py": PAGE,  # of figures
    "report/tables/captions.py": PAGE,
    "report/page/answer.py": PAGE,
    "report/page/template.html": PAGE,
}


@contextmanager
def edited(path: Path) -> Iterator[None]:
    """The file with another line; afterwards as it was, its time too."""
    text, times = path.read_text(), path.stat()
    line = "<!-- edited -->" if path.suffix == ".html" else "# edited"
    path.write_text(f"{text}{line}\n")
    try:
        yield
    finally:
        path.write_text(text)
        os.utime(path, (times.st_atime, times.st_mtime))


@pytest.mark.parametrize("file", EDITS)
def test_an_edit_does_again_what_depends_on_it(finished: Copy, file: str) -> None:
    with edited(finished.folder / "metabench" / file):
        jobs = finished.plan("study.yaml")
    assert sorted(job.rule for job in jobs if job.rule != "all") == sorted(EDITS[file])
