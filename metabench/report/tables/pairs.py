"""What the two tables of paired differences share."""

from __future__ import annotations

from typing import Any

import pandas as pd

from metabench.report import formats
from metabench.report.data import Report, at, in_order
from metabench.report.numbers import judged_by
from metabench.report.statistics import SETTING, compare, least_p_value
from metabench.report.statistics.pairs import Choice
from metabench.report.tables.results import joint_text

LEVEL = 0.05
DIFFERS_IN = {"network": "backbone", "augmentation": "augment"}  # and the columns' names
SCALED = ["difference", "ci95", "robust", "robust_ci95", "joint_ci95", "sd", "least_difference"]


def pair_numbers(report: Report, choose: Choice, other: str) -> pd.DataFrame:
    """Differences on the same episodes, in points of accuracy or in squared error.

    Args:
        report: the results.
        choose: which pairs: ``against`` or ``among`` of ``metabench.report.statistics``.
        other: what the second of a pair is called.
    """
    tasks = report.datasets
    bounded = [name for name, task in tasks.items() if task == "classification"]
    table = compare(_with_models(report), choose, bounded)
    table["task"] = table["dataset"].map(tasks)
    for name in ("algorithm", "other"):
        table[f"{name}_title"] = table[name].map(report.titles)
    images = table["task"] == "classification"
    for name in SCALED:
        table[name] = table[name].where(~images, 100 * table[name])
    table["wins"] = table["higher"].where(images, table["lower"])
    table["losses"] = table["lower"].where(images, table["higher"])
    table["diverged_seeds"] = [_diverged_seeds(report, row) for _, row in table.iterrows()]
    for what, of_cell in _trainings(report.runs).items():
        for name in ("algorithm", "other"):
            table[f"{name}_{what}"] = [of_cell.get(cell) for cell in _cells(table, name)]
    table["verdict"] = [verdict(row) for _, row in table.iterrows()]
    table["again"] = [again(row) for _, row in table.iterrows()]
    ends = ("", "_mode", "_title", *(f"_{what}" for what in DIFFERS_IN.values()))
    called = {f"other{end}": f"{other}{end}" for end in ends}
    return table.drop(columns=["higher", "lower"]).rename(columns={"equal": "ties", **called})


def verdict(row: Any) -> str:
    """better, worse, or neither, corrected for all of the table's pairs of a setting.

    Where an episode of the setting diverged in regression, the mean says little: the trimmed mean
    is asked then. Where not even differences of one sign could be told from chance, that is said.
    """
    difference = row[judged_by(row, "difference")[0]]
    if pd.isna(row["corrected"]) or pd.isna(difference):
        return "unknown"
    tail = " (trimmed mean)" if row["trimmed"] else ""
    if row["corrected"] >= LEVEL or difference == 0:
        few = not row["trimmed"] and least_p_value(row["units"]) >= LEVEL
        return "too few episodes to tell" if few else "no difference seen" + tail
    higher_is_better = row["task"] == "classification"
    return ("better" if (difference > 0) == higher_is_better else "worse") + tail


def again(row: Any) -> str:
    """Whether the difference would be expected to stand if all were trained again.

    One comparison at 5 %, by the interval over seeds and episodes: it is not corrected. Of a
    trimmed mean, and of trainings that not all came to an end, it is not known.
    """
    if row["seeds"] + row["diverged_seeds"] < 2:
        return "one seed"
    if row["diverged_seeds"]:
        return "a training diverged"
    if row["trimmed"] or pd.isna(row["joint_ci95"]):
        return "unknown"
    return "stands" if abs(row["difference"]) > row["joint_ci95"] else "open"


def pair_text(pairs: pd.DataFrame, other: str) -> pd.DataFrame:
    """The same for readers: the first of a pair minus the second."""
    heading = other.capitalize()
    rows = [
        {
            "Data set": row["dataset"],
            "Setting": formats.setting(row["way"], row["shot"], row["task"]),
            "Algorithm": f"{row['algorithm_title']} ({row['mode']})",
            heading: f"{row[f'{other}_title']} ({row[f'{other}_mode']})",
            "Differs in": differs_in(row, other) or formats.NONE,
            "Difference ± 95 % over episodes": _signed(row, "difference", "ci95"),
            "Verdict": row["verdict"],
            "± 95 % over both": joint_text(row),
            "Trained again": row["again"],
            "Trimmed ± 95 %": _signed(row, "robust", "robust_ci95"),
            "Wins, ties, losses": f"{row['wins']}, {row['ties']}, {row['losses']}",
            "p (corrected)": formats.p_value(row["corrected"]),
            "p, Wilcoxon (corrected)": formats.p_value(row["corrected_rank"]),
            "Episodes needed": formats.NONE
            if row["trimmed"]
            else formats.count(row["episodes_needed"]),
        }
        for _, row in pairs.iterrows()
    ]
    names = ["Data set", "Setting", "Algorithm", heading, "Differs in"]
    names += ["Difference ± 95 % over episodes", "Verdict", "± 95 % over both"]
    names += [
        "Trained again",
        "Trimmed ± 95 %",
        "Wins, ties, losses",
        "p (corrected)",
        "p, Wilcoxon (corrected)",
        "Episodes needed",
    ]
    return pd.DataFrame(rows, columns=names)


def differs_in(row: Any, other: str) -> str:
    """``network: conv4-64-pool against conv4-64; augmentation: affine against none``; or nothing.

    What has no network of ours, such as a distance of pixels, has not another one, and what is not
    trained before a task has no images that could be altered otherwise.
    """
    found = []
    for name, what in DIFFERS_IN.items():
        ours, theirs = row[f"algorithm_{what}"], row[f"{other}_{what}"]
        if pd.notna(ours) and pd.notna(theirs) and ours != theirs:
            found.append(f"{name}: {ours} against {theirs}")
    return "; ".join(found)


def _with_models(report: Report) -> pd.DataFrame:
    """The scores in the order of the grid, each with the algorithm that trained its model."""
    runs = report.runs
    trained = runs["model"] if "model" in runs else runs["algorithm"]
    models = dict(zip(_cells(runs), trained, strict=True))
    scores = in_order(report.scores, report)
    return scores.assign(model=[models[cell] for cell in _cells(scores)])


def _trainings(runs: pd.DataFrame) -> dict[str, dict[tuple[Any, ...], Any]]:
    """What the two of a pair may differ in beside the algorithm, by cell; NaN where it has none.

    How many images a training saw is not among it: what a task draws, an algorithm alone knows.
    """
    said = runs.reindex(columns=["backbone", "hyperparameters.augment", "iterations"])
    known = {
        "backbone": said["backbone"].where(said["backbone"] != "none"),
        "augment": said["hyperparameters.augment"].where(said["iterations"] > 0),
    }
    return {what: dict(zip(_cells(runs), of_run, strict=True)) for what, of_run in known.items()}


def _cells(frame: pd.DataFrame, algorithm: str = "algorithm") -> list[tuple[Any, ...]]:
    return list(frame[[*SETTING, algorithm]].itertuples(index=False, name=None))


def _diverged_seeds(report: Report, row: Any) -> int:
    """How many trainings of either of a pair diverged."""
    here = at(report.runs, **{name: row[name] for name in SETTING}, status="diverged")
    return int(here["algorithm"].isin([row["algorithm"], row["other"]]).sum())


def _signed(row: Any, value: str, half: str) -> str:
    return formats.signed(row[value], row[half], row["task"])
