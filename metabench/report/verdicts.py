"""Is a number of ours the published one? And where that cannot be said, why not.

Two numbers are compared only where they are of the same thing: data set, split, backbone, how
training images are altered, mode and setting; in transductive mode the number of queries too, since
they are the batch that is normalised. The interval of their difference joins both: ours over
episodes and, where there are several, training seeds; theirs as published, or as wide as ours where
it is not; and what their number was rounded by.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from metabench.report import formats

Row = dict[str, Any]  # of ``results_numbers``, or of ``config/published.csv``
WIDEST_SHARE = 0.5  # of a squared error
LEAST_POINTS, MOST_POINTS = 1.0, 5.0  # an error in percent allows itself, within these
SLACK = 1e-9  # of an interval's edge: what rounding may move a difference by
ONE_SEED = "one training seed"
SCALED = "-scale"  # at the end of a backbone's name


def compare(row: Row, paper: Row) -> Row:
    """``gap`` (ours minus theirs, in the paper's metric), ``gap_ci95``, ``verdict`` and ``why``."""
    finished = row["status"] == "finished"
    against = list(obstacles(row, paper).values()) if finished else []
    gap = in_metric(row["mean"], paper["metric"]) - paper["value"]
    half = gap_half_width(row, paper)
    return {
        "gap": gap,
        "gap_ci95": half,
        "verdict": verdict(row, gap, half, against, widest(paper)),
        "why": "; ".join([*against, *remarks(row, paper)]) if finished else "",
    }


def verdict(row: Row, gap: float, half: float, against: list[str], widest: float) -> str:
    """What can be said of a difference.

    Args:
        row: ours.
        gap: ours minus theirs.
        half: half-width of the 95 % interval of ``gap``.
        against: see ``obstacles``.
        widest: the half-width above which zero in the interval says nothing.

    Returns:
        ``no run``, ``diverged`` (every seed), ``not run in full (5 %)``, ``not comparable``,
        ``reproduced`` where the interval has zero in it, or ``undecided`` where it is too wide to
        say so, or ours is infinite; otherwise ``above`` or ``below``.
    """
    if row["status"] != "finished":
        return "diverged" if row["status"] == "diverged" else "no run"
    done = share(row)
    if done < 1:
        return f"not run in full ({formats.share(done)})"
    if against or math.isnan(gap):
        return "not comparable"
    if math.isinf(gap):
        return "undecided"  # as a mean is that one wild episode makes as large as it likes
    if abs(gap) <= half + SLACK:
        return "reproduced" if half <= widest else "undecided"
    return "above" if gap > 0 else "below"


def widest(paper: Row) -> float:
    """The half-width above which an interval is too wide for agreement to mean anything."""
    value = float(paper["value"])
    if paper["metric"] == "mse":
        return WIDEST_SHARE * value
    error = value if paper["metric"] == "error" else 100 - value
    return min(MOST_POINTS, max(LEAST_POINTS, error))


def obstacles(row: Row, paper: Row) -> dict[str, str]:
    """Why the numbers are not of the same thing, by what differs; nothing where they are."""
    lost, seeds = _or_zero(row.get("diverged_seeds")), _or_zero(row.get("seeds"))
    is_so = {
        **_differs(row, paper),
        "subset": pd.notna(row.get("test_images")),
        "seeds": lost > 0,
        "length": math.isnan(share(row)),
        "hyperparameters": bool(row.get("own_hyperparameters")),
        "interval": math.isfinite(row["mean"]) and math.isnan(half_width(row)),
    }
    why = {
        **{name: f"another {name}: {paper[name]}" for name in ("metric", "mode", "split")},
        "backbone": f"another backbone: {paper['backbone']}",
        "augment": f"training images altered otherwise: {_augment(paper)}",
        "queries": f"another number of queries: {paper['queries']:g} of each class",
        "subset": "a subset of the data",
        "memory": "from memory: not read in its source",
        "seeds": f"{lost:.0f} of {lost + seeds:.0f} training seeds diverged",
        "length": "how long the paper trained is not known",
        "hyperparameters": f"the study's own {row.get('own_hyperparameters')}",
        "interval": "ours has no interval",
    }
    return {name: why[name] for name in why if is_so[name]}


def _differs(row: Row, paper: Row) -> dict[str, bool]:
    """In what a published row is not of the same thing as ours, whatever ours came to."""
    return {
        "metric": (paper["metric"] == "mse") != (row["task"] == "regression"),
        "mode": of_another_mode(row, paper),
        "split": paper["split"] != "",
        "backbone": is_another_backbone(row.get("backbone"), paper["backbone"]),
        "augment": pd.notna(row.get("augment")) and row["augment"] != _augment(paper),
        "queries": row["mode"] == "transductive" and _other_queries(row, paper),
        "memory": paper["verified"] != "read",
    }


def is_another_backbone(ours: Any, theirs: str) -> bool:
    """Whether both say their backbone, and not the same.

    A scale of batch normalisation makes no other backbone; see ``lacks_scale``.
    """
    said = pd.notna(ours) and theirs != ""
    return said and str(ours).removesuffix(SCALED) != theirs.removesuffix(SCALED)


def _augment(paper: Row) -> str:
    """How a paper alters training images, in the words of ours: ``none`` where it does not."""
    return str(paper["augment"]) or "none"


def lacks_scale(row: Row, paper: Row) -> bool:
    """Whether batch normalisation has a scale in a paper's network and none in ours."""
    return paper["backbone"].endswith(SCALED) and not str(row.get("backbone")).endswith(SCALED)


def of_another_mode(row: Row, paper: Row) -> bool:
    """Whether the paper says its mode of batch normalisation, and it is not that of ours."""
    return paper["mode"] not in ("", row["mode"])


def _other_queries(row: Row, paper: Row) -> bool:
    """Whether both numbers of queries are known and differ; ours is of all classes together."""
    known = pd.notna(row.get("queries")) and pd.notna(paper["queries"])
    return bool(known and row["queries"] != row["way"] * paper["queries"])


def remarks(row: Row, paper: Row) -> list[str]:
    """What a reader should know, and what stands in no verdict's way."""
    found = {
        "the paper does not say the mode": paper["mode"] == "" and row["mode"] != "none",
        "the paper does not say the backbone": paper["backbone"] == ""
        and row.get("backbone") != "none",
        "published without an interval, so taken to be as wide as ours": pd.isna(paper["ci95"])
        and not (paper.get("episodes") == "same" and untrained(row)),
        "on the same episodes": paper.get("episodes") == "same",
        ONE_SEED: row.get("seeds") == 1 and _or_zero(row.get("iterations")) > 0,
        str(paper["note"]): bool(paper["note"]),
    }
    return [remark for remark, is_so in found.items() if is_so]


def nearest(row: Row, papers: pd.DataFrame) -> list[Row]:
    """Published rows for a cell of ours, the nearest first: by mode, split, backbone, ..."""
    each = [{str(name): value for name, value in paper.items()} for _, paper in papers.iterrows()]
    return sorted(each, key=lambda paper: _distance(row, paper))


def _distance(row: Row, paper: Row) -> tuple[bool, ...]:
    """Smaller for a published row that is nearer to ours; a final score comes before a step's."""
    found = _differs(row, paper)
    of = ("metric", "mode", "split", "backbone", "augment", "queries", "memory")
    unsaid = (paper["mode"] == "", paper["backbone"] == "", pd.notna(paper["step"]))
    return (*(found[name] for name in of), *unsaid)


def share(row: Row) -> float:
    """How much of the published iterations was run: 1 where nothing is trained, NaN if unknown."""
    done, full = _or_zero(row.get("iterations")), _or_zero(row.get("published_iterations"))
    if full == 0:
        return 1.0 if done == 0 else math.nan
    return done / full


def gap_half_width(row: Row, paper: Row) -> float:
    """Of the 95 % interval of ours minus theirs.

    A mean that is published without an interval was measured on episodes too: theirs is taken to be
    as wide as ours over episodes. What trains nothing, on the same episodes as the paper, differs
    from its number by no chance at all, only by its last digit.
    """
    rounding = _or_zero(paper.get("rounding"))
    if paper.get("episodes") == "same" and untrained(row):
        return rounding
    theirs = float(row["ci95"] if pd.isna(paper["ci95"]) else paper["ci95"])
    return math.hypot(half_width(row), theirs) + rounding


def untrained(row: Row) -> bool:
    """Whether the algorithm has no meta-training."""
    return _or_zero(row.get("iterations")) == 0 and _or_zero(row.get("published_iterations")) == 0


def half_width(row: Row) -> float:
    """Of the 95 % interval of ours: over episodes, and where there are several over seeds too.

    Where only the two apart are known, as after an inner step, their squares add up, which counts a
    part of the episodes twice: rather too wide than too narrow.
    """
    joint = row.get("joint_ci95", math.nan)
    if pd.notna(joint):
        return float(joint)
    return math.hypot(row["ci95"], _or_zero(row.get("seed_ci95")))


def in_metric(mean: float, metric: str) -> float:
    """A mean of ours, in percent or as a squared error, as a paper's metric has it."""
    return 100 - mean if metric == "error" else mean


def better(metric: str, verdict: str) -> str:
    """``better`` or ``worse`` where ours lies above or below; otherwise nothing."""
    if verdict not in ("above", "below"):
        return ""
    return "better" if (verdict == "above") == (metric == "accuracy") else "worse"


def _or_zero(value: Any) -> float:
    return 0.0 if value is None or pd.isna(value) else float(value)
