"""A report of what has finished so far, which counts and names what has not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from metabench.errors import MetabenchError
from metabench.report.data import GAP_COLUMNS, GAPS, run_folder
from metabench.report.figures import write_figures
from metabench.report.page import Origin, write_page
from metabench.report.results import Scored, score, write_collected, write_frame
from metabench.report.tables import write_tables
from metabench.spec import RunSpec

LONGEST = 200  # letters of a log that are shown


def write_partial(
    study: dict[str, Any],
    runs: Sequence[RunSpec],
    roles: Mapping[str, str],
    origin: Origin,
    logs: Path,
    out: Path,
) -> str:
    """Write tables, figures and the page of the runs that are there; say how many they are.

    Args:
        study: content of the study's file.
        runs: what the study asks for.
        roles: of its algorithms.
        origin: where the study's file, ``results`` and ``config`` lie.
        logs: ``logs``, which say why a run is not there.
        out: where to write: never the folder of the finished report.

    Raises:
        MetabenchError: where no run is there yet.
    """
    results = origin.results
    found: list[Scored] = []
    gaps: list[dict[str, Any]] = []
    for run in runs:
        where = (run.study, run.data.name, run.way, run.shot, run.algorithm, run.seed)
        folder = run_folder(results, *where)
        try:
            found.append(_scored(run, folder, results / "episodes"))
        except MetabenchError as error:
            begun = (folder / "run.json").exists()
            log = logs / folder.relative_to(results / "runs")
            gaps.append({**run.identity(), "why": str(error) if begun else last_words(log)})
    if not found:
        raise MetabenchError(f"{results}: no run of '{study['study']}' has finished yet")
    write_collected(found, roles, out)
    write_frame(out / GAPS, pd.DataFrame(gaps, columns=GAP_COLUMNS))
    write_tables(out, study)
    write_figures(out, study, results)
    write_page(out, study, origin)
    return f"{len(found)} of {len(runs)} runs are there: {out / 'index.html'}"


def _scored(run: RunSpec, folder: Path, episodes: Path) -> Scored:
    """The run in ``folder``, if it is what the study asks for by now."""
    scored = score(folder, run.study, episodes)
    if scored.run.get("hyperparameters") != run.hyperparameters:
        raise MetabenchError(f"{folder}: of other hyperparameters than the study's by now")
    # An external program has no network.
    if run.algorithm_class and scored.run.get("backbone") != run.backbone:
        raise MetabenchError(f"{folder}: of another backbone than the study's by now")
    return scored


def last_words(logs: Path) -> str:
    """How the log of a run without a result ends."""
    for name in ("evaluate.log", "train.log"):
        if (logs / name).is_file():
            text = (logs / name).read_text(encoding="utf-8", errors="replace")
            lines = [line.strip() for line in re.split(r"[\r\n]", text) if line.strip()]
            if lines:
                bar = r"\|[^|\w]*\|"  # of a run that is on its way, or was
                return f"no result; its log ends: {re.sub(bar, ' ', lines[-1])[:LONGEST]}"
    return "not begun"
