"""The tables compile as they are put into a paper."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from metabench.report import formats

DOCUMENT = r"""\documentclass{{article}}
\usepackage{{booktabs}}
\begin{{document}}
{inputs}
\end{{document}}
"""
EVERY_SIGN = {
    "Name": ["a_b & 5 % #1 $x$ {y} ~ ^ \\ < > |"],
    "Value": ["−1.2 ± 0.3 × ∞ → … 3\u2009000"],
}


def test_every_table_compiles(report: Path, tmp_path: Path) -> None:
    latex = shutil.which("pdflatex") or shutil.which("tectonic")
    if latex is None:
        pytest.skip("there is no LaTeX here to compile with")
    signs = formats.latex(pd.DataFrame(EVERY_SIGN), ["A note of 5 % “in quotes”, metabench’s."])
    (tmp_path / "signs.tex").write_text(signs)
    tables = sorted((report / "tables").glob("*.tex"))
    assert len(tables) >= 5
    for table in tables:
        shutil.copy(table, tmp_path)
    names = [*(table.stem for table in tables), "signs"]
    inputs = "\n\n".join(rf"\input{{{name}}}" for name in names)
    (tmp_path / "all.tex").write_text(DOCUMENT.format(inputs=inputs))
    options = ["-interaction=nonstopmode", "-halt-on-error"] if "pdflatex" in latex else []
    done = subprocess.run(
        [latex, *options, "all.tex"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert (tmp_path / "all.pdf").stat().st_size > 10_000


def test_a_table_has_the_rules_of_booktabs_and_numbers_flush_right() -> None:
    frame = pd.DataFrame(
        {"Name": ["a", "b"], "Setting": ["5-way 1-shot", "5-shot"], "Score": ["**1.0 ± 0.1**", "-"]}
    )
    lines = formats.latex(frame).splitlines()
    assert lines[0] == r"\begin{tabular}{llr}"
    assert [lines[1], lines[3], lines[6]] == [r"\toprule", r"\midrule", r"\bottomrule"]
