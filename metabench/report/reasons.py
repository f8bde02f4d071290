"""Known reasons why a number of ours differs from a paper's: ``config/reasons.csv``."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd

from metabench.files.config_tables import PROJECT_FOLDER, REASONS, table
from metabench.files.csv_table import read_table
from metabench.label import own_name

#: What a reason is of; an empty field is anything, and ``*`` in a name stands for any letters.
OF = ["algorithm", "dataset", "way", "shot", "mode", "key"]
COLUMNS = list(REASONS)


def load(config: Path = PROJECT_FOLDER) -> pd.DataFrame:
    """The rows of ``reasons.csv`` in ``config``, as texts; an absent file is an empty table."""
    return pd.DataFrame(read_table(table(config, "reasons.csv"), REASONS), columns=COLUMNS)


def known(rows: pd.DataFrame, row: dict[str, Any], key: str) -> list[str]:
    """Each reason, its source in brackets, for a cell of ours beside the published row ``key``."""
    place = {**row, "algorithm": own_name(row["algorithm"]), "key": key}
    cell = {name: str(value) for name, value in place.items() if name in OF}
    return [
        f"{reason['reason']} ({reason['source']})"
        for _, reason in rows.iterrows()
        if all(not reason[name] or fnmatchcase(cell[name], reason[name]) for name in OF)
    ]
