"""The papers' numbers, and which of them stands beside which cell of ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from metabench.errors import MetabenchError
from metabench.label import own_name

COLUMNS = [
    "key",  # names the row for `references` of a study, together with its cell
    "algorithm",  # ours, where we have it; two of ours, with a blank between, that are forms of it
    "dataset",  # ours, or the nearest to the paper's
    "split",  # empty where it is that data set's; otherwise the paper's own, not comparable
    "way",
    "shot",
    "step",  # inner steps before the number was taken; empty is the final one
    "mode",  # transductive, inductive, running or none; empty where the paper does not say
    "queries",  # of each class of a test episode; empty where it is not known
    "episodes",  # same: measured on the test episodes that are ours too; else empty
    "backbone",  # one of ours, such as conv4-64-pool, or a text; empty where there is none
    "metric",  # accuracy or error, in percent, or mse
    "value",
    "ci95",  # half-width, as the paper gives it
    "paper",
    "verified",  # read, or from memory
    "note",
]
HERE = Path("config/published.csv")
BESIDE_PACKAGE = Path(__file__).resolve().parents[2] / HERE


def load(path: Path | None = None) -> pd.DataFrame:
    """The rows of ``config/published.csv``: here, or beside the package's sources.

    A number that two algorithms of ours are forms of has a row for each, and every row a
    ``rounding``, the half of its last printed digit. An absent file is an empty table: a report
    without published numbers is still a report.
    """
    path = path or next((p for p in (HERE, BESIDE_PACKAGE) if p.exists()), None)
    if path is None:
        return pd.DataFrame(columns=COLUMNS)
    named = ("key", "split", "mode", "episodes", "backbone", "note", "verified")
    texts = dict.fromkeys(named, "str")
    frame = pd.read_csv(path, dtype={**texts, "value": "str"})
    if list(frame.columns) != COLUMNS:
        raise MetabenchError(f"{path}: columns must be {','.join(COLUMNS)}")
    numbers = pd.to_numeric(frame["value"], errors="coerce")
    told = {
        "metric": (frame["metric"].isin(["accuracy", "error", "mse"]), "accuracy, error or mse"),
        "episodes": (frame["episodes"].isin(["same", np.nan]), "same, or nothing"),
        "value": (numbers.notna(), "a number"),
    }
    for name, (fine, right) in told.items():
        if not fine.all():
            raise MetabenchError(f"{path}: {name} '{frame.loc[~fine, name].iloc[0]}'; {right}")
    frame["rounding"] = frame["value"].map(_half_a_unit)
    frame["value"] = numbers
    frame["algorithm"] = frame["algorithm"].str.split()
    return frame.explode("algorithm", ignore_index=True).fillna(dict.fromkeys(texts, ""))


def _half_a_unit(number: str) -> float:
    """How far a printed number may be from the one that was rounded: 0.05 for 98.7."""
    return 0.5 * 10.0 ** -len(number.partition(".")[2])


def of_cell(rows: pd.DataFrame, dataset: str, way: int, shot: int, algorithm: str) -> pd.DataFrame:
    """The published rows for a cell of ours, in whatever mode and after whatever step."""
    return rows[
        (rows["dataset"] == dataset)
        & (rows["way"] == way)
        & (rows["shot"] == shot)
        & (rows["algorithm"] == own_name(algorithm))
    ]


def match(
    rows: pd.DataFrame,
    dataset: str,
    way: int,
    shot: int,
    algorithm: str,
    mode: str,
    step: int | None = None,
) -> pd.DataFrame:
    """The published rows for one cell of ours; ``verdicts.nearest`` puts them in order.

    A published mode must agree with ours in whether the queries of an episode see each other;
    rows with a step answer only for that step.
    """
    here = of_cell(rows, dataset, way, shot, algorithm)
    agrees = (here["mode"] == "") | ((here["mode"] == "transductive") == (mode == "transductive"))
    at_step = here["step"].isna() | (here["step"] == step)
    return here[agrees & at_step]


def references(
    rows: pd.DataFrame, dataset: str, way: int, shot: int, keys: list[str]
) -> pd.DataFrame:
    """The rows that a study names in ``references``, in its order, for one setting."""
    here = rows[(rows["dataset"] == dataset) & (rows["way"] == way) & (rows["shot"] == shot)]
    here = here.drop_duplicates([name for name in COLUMNS if name != "algorithm"])
    parts = [here[here["key"] == key] for key in keys]
    return pd.concat(parts) if parts else here.iloc[:0]
