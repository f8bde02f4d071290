"""The papers' numbers, and which of them stands beside which cell of ours."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from metabench.files.config_tables import PROJECT_FOLDER, PUBLISHED, table
from metabench.files.csv_table import read_table
from metabench.label import own_name

COLUMNS = list(PUBLISHED)
NUMBERS = ["way", "shot", "step", "queries", "value", "ci95"]


def load(config: Path = PROJECT_FOLDER) -> pd.DataFrame:
    """The rows of ``published.csv`` in the folder ``config``.

    A number that two algorithms of ours are forms of has a row for each, and one that is shown
    beside two data sets too, the second as of another ``split``. Every row has a ``rounding``, the
    half of its last printed digit. An absent file is an empty table: a report without published
    numbers is still a report.
    """
    frame = pd.DataFrame(read_table(table(config, "published.csv"), PUBLISHED), columns=COLUMNS)
    frame["rounding"] = frame["value"].map(_half_a_unit)
    frame["algorithm"] = frame["algorithm"].str.split()
    frame[NUMBERS] = frame[NUMBERS].apply(pd.to_numeric)
    beside = frame.assign(split=frame["dataset"], dataset=frame["also"].str.split())
    both = pd.concat([frame, beside.explode("dataset").dropna(subset="dataset")])
    return both.explode("algorithm", ignore_index=True)


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
