"""The functions of one's own that docs/data.md shows go all the way, with no other file edited."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from documents import PROJECT, blocks

from metabench.cli import main
from metabench.episodes.fixed import write_episodes
from metabench.learning.evaluation import evaluate
from metabench.learning.training import train
from metabench.report.data import read_report
from metabench.report.figures import curves
from metabench.report.figures.found import find
from metabench.study.config import Study, load

CONFIG = PROJECT / "config"
SMALLER = {  # of the files' texts
    r"seeds: .*": "seeds: [0]",
    r"settings: .*": "settings: [5s]",
    r"iterations: \d+": "iterations: 2",
    r"test: \d+": "test: 20",
    r"val: \d+": "val: 5",
}


def run(study: Study, results: Path) -> None:
    """What the workflow does before a report."""
    episodes = results / "episodes" / "lines"
    for each in study.episodes:
        data, setting = study.datasets[each.dataset].spec, (each.way, each.shot)
        out = episodes / f"{each.split}-{each.way}w{each.shot}s"
        write_episodes(data, each.split, *setting, each.count, each.queries, each.seed, None, out)
    for spec in study.runs:
        folder = results / "runs" / "lines" / "lines" / "1w5s" / spec.algorithm / "seed0"
        train(spec, None, None, episodes / "val-1w5s", folder, "cpu")
        evaluate(spec, None, episodes / "test-1w5s", folder, folder, "cpu")


def test_functions_of_one_s_own_have_tables_and_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for block in blocks((PROJECT / "docs" / "data.md").read_text(encoding="utf-8")):
        if block.file:
            text = block.text
            for old, new in SMALLER.items():
                text = re.sub(old, new, text)
            (tmp_path / block.file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / block.file).write_text(text)
    monkeypatch.syspath_prepend(tmp_path / "mine")
    file, results, report = tmp_path / "mine/study.yaml", tmp_path / "results", tmp_path / "report"
    study = load(file, CONFIG)
    run(study, results)

    of = ["--study", str(file)]
    given = ["--results", str(results), "--config", str(CONFIG)]
    assert main(["collect", *of, *given, "--out", str(report)]) == 0
    assert main(["tables", *of, "--report", str(report)]) == 0
    assert main(["figures", *of, "--report", str(report), "--results", str(results)]) == 0
    assert "| lines 5-shot (MSE) |" in (report / "tables" / "summary.md").read_text()
    assert (report / "figures" / "curves-lines.svg").is_file()

    figure, _ = curves.draw(find(read_report(report, study.asked), results), "lines")
    x, y = figure.axes[0].lines[0].get_data()
    assert len(x) == 105
    np.testing.assert_allclose(np.polyval(np.polyfit(x, y, 1), x), y, atol=1e-5)
