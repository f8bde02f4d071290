"""Every algorithm against the strongest pre-training of each setting, in one table."""

from __future__ import annotations

import pandas as pd

from metabench.report import formats
from metabench.report.page.judged import in_words, settings
from metabench.report.tables.results import diverged_seeds_text
from metabench.report.tables.summary import row_names


def glance(results: pd.DataFrame, paired: pd.DataFrame) -> pd.DataFrame:
    """A row an algorithm, transductive apart, a column a setting; empty without pre-training."""
    rows: dict[str, dict[str, str]] = {}
    for each in settings(results, paired):
        if each.baseline is None:
            continue
        column = f"{each.name}: against {each.baseline['title']}"
        for name, (_, row) in zip(row_names(each.rows), each.rows.iterrows(), strict=True):
            pair = each.pair(row)
            if pair is not None:
                lost = f"; {diverged_seeds_text(row)}" if row["diverged_seeds"] > 0 else ""
                rows.setdefault(name, {})[column] = in_words(pair) + lost
    table = [{"Algorithm": name, **cells} for name, cells in rows.items()]
    return pd.DataFrame(table).fillna(formats.NONE)
