"""What docs/results.md does with pandas comes to what the tables say."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import PROJECT, blocks
from made_up_scores import written

from metabench.report.tables import make_tables


def test_the_lines_in_pandas_give_the_paired_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "reports" / "default"
    folder.mkdir(parents=True)
    levels = {"protonet": 0.8, "pretrain_head": 0.6}
    paired = make_tables(written(folder, ["5w1s"], levels, seeds=2))["paired"][0].iloc[0]
    page = (PROJECT / "docs" / "results.md").read_text(encoding="utf-8")
    lines = next(b.text for b in blocks(page) if b.language == "python" and "pandas" in b.text)
    monkeypatch.chdir(tmp_path)
    exec(lines, {})
    mean, _, half = capsys.readouterr().out.split()
    assert float(mean) == pytest.approx(paired["difference"], abs=1e-6)
    assert float(half) == pytest.approx(paired["ci95"], rel=0.1)  # Student's t of 20 episodes
