"""What docs/results.md does with a trained model works."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from documents import PROJECT, blocks

from metabench.learning.assembly import make_algorithm
from metabench.learning.model_file import Saved, save_model
from metabench.spec import DataSpec, RunSpec


def test_the_lines_about_a_model_classify_twelve_queries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (PROJECT / "docs" / "results.md").read_text(encoding="utf-8")
    lines = next(b.text for b in blocks(page) if b.language == "python" and "load(" in b.text)
    data, maml = DataSpec("glyphs", "nowhere", "classification"), "metabench.algorithms.maml:MAML"
    spec = RunSpec("default", data, 5, 1, "maml", maml, 0, "conv4-4", {}, 0)
    folder = tmp_path / "results/runs/default/glyphs/5w1s/maml/seed0"
    phi = make_algorithm(spec, (1, 28, 28)).init(torch.Generator().manual_seed(0))
    folder.mkdir(parents=True)
    save_model(folder, Saved(spec, phi, (1, 28, 28), None))
    monkeypatch.chdir(tmp_path)
    exec(lines, {})
    told = capsys.readouterr().out
    assert "['transductive', 'inductive'] tensor([" in told
    assert told.count(",") == 1 + 11  # between two modes, and between twelve classes
