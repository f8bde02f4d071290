"""A report of what has finished so far, which counts and names what has not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from metabench.errors import MetabenchError
from metabench.report.collect import Scored, score, write_collected, write_frame
from metabench.report.data import GAP_COLUMNS, GAPS, run_folder
from metabench.report.figures import write_figures
from metabench.report.page import Origin, write_page
from metabench.report.tables import write_tables
from metabench.spec import RunSpec
from metabench.study.config import Study, run_key

LONGEST = 200  # letters of a log that are shown


def write_partial(study: Study, origin: Origin, results: Path, logs: Path, out: Path) -> str:
    """Write tables, figures and the page of the runs that are there; say how many they are.

    Args:
        study: what is asked for.
        origin: what the page needs beside the report.
        results: ``results``, with the runs that are there.
        logs: ``logs``, which say why a run is not there.
        out: where to write: never the folder of the finished report.

    Raises:
        MetabenchError: where no run is there yet.
    """
    found: list[Scored] = []
    gaps: list[dict[str, Any]] = []
    for run in study.runs:
        key = run_key(run)
        folder = run_folder(results, study.name, *key)
        try:
            found.append(_scored(run, folder, results / "episodes"))
        except MetabenchError as error:
            begun = (folder / "run.json").exists()
            model = run_folder(results, study.name, *study.model_of[key])
            its_logs = [logs / of.relative_to(results / "runs") for of in (folder, model)]
            gaps.append({**run.identity(), "why": str(error) if begun else last_words(*its_logs)})
    if not found:
        raise MetabenchError(f"{results}: no run of '{study.name}' has finished yet")
    write_collected(found, study.algorithms, out)
    write_frame(out / GAPS, pd.DataFrame(gaps, columns=GAP_COLUMNS))
    write_tables(out, study.asked, origin.config)
    write_figures(out, study.asked, results, origin.config)
    write_page(out, study.asked, origin)
    return f"{len(found)} of {len(study.runs)} runs are there: {out / 'index.html'}"


def _scored(run: RunSpec, folder: Path, episodes: Path) -> Scored:
    """The run in ``folder``, if it is what the study asks for by now."""
    scored = score(folder, run.study, episodes)
    if scored.run.get("hyperparameters") != run.hyperparameters:
        raise MetabenchError(f"{folder}: of other hyperparameters than the study's by now")
    # An external program has no network.
    if run.algorithm_class and scored.run.get("backbone") != run.backbone:
        raise MetabenchError(f"{folder}: of another backbone than the study's by now")
    return scored


def last_words(logs: Path, of_model: Path) -> str:
    """How the log of a run without a result ends, or that of its model's training."""
    for log in (logs / "evaluate.log", of_model / "train.log"):
        if log.is_file():
            text = log.read_text(encoding="utf-8", errors="replace")
            lines = [line.strip() for line in re.split(r"[\r\n]", text) if line.strip()]
            if lines:
                bar = r"\|[^|\w]*\|"  # of a run that is on its way, or was
                return f"no result; its log ends: {re.sub(bar, ' ', lines[-1])[:LONGEST]}"
    return "not begun"
