"""What every row of a study says beside pre-training and beside its paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from metabench.report import formats
from metabench.report.data import at
from metabench.report.numbers import judged_by
from metabench.report.statistics import CELL, SETTING
from metabench.report.tables.summary import best_row, transductive


@dataclass(frozen=True)
class Setting:
    """One setting: its finished rows, the strongest pre-training, and the pairs with that.

    Both that and its rival are chosen among rows in which no prediction depends on another query,
    where there are such.
    """

    name: str  # such as "glyphs, 5-way 1-shot"
    rows: pd.DataFrame
    baseline: Any  # the strongest pre-training row; None without one
    pairs: pd.DataFrame

    @property
    def rival(self) -> Any:
        """The best meta-learner; None without one."""
        return _best_fair(at(self.rows, role="meta-learning"))

    def pair(self, row: Any) -> Any:
        """The paired difference of a row to the strongest pre-training; None without one."""
        if self.baseline is None or row is None:
            return None
        found = at(self.pairs, algorithm=row["algorithm"], mode=row["mode"])
        return found.iloc[0] if len(found) else None


def settings(results: pd.DataFrame, paired: pd.DataFrame) -> Iterator[Setting]:
    """The settings with a finished run, in the order of the study."""
    finished = results[(results["status"] == "finished") & results["mean"].notna()]
    for key, here in finished.groupby(SETTING, sort=False):
        first = here.iloc[0]
        name = f"{first['dataset']}, {formats.setting(first['way'], first['shot'], first['task'])}"
        baseline = _best_fair(at(here, role="pre-training"))
        pairs = at(paired, **dict(zip(SETTING, key, strict=True)))
        if baseline is not None:
            pairs = at(pairs, baseline=baseline["algorithm"])
        yield Setting(name, here, baseline, pairs)


def _best_fair(rows: pd.DataFrame) -> Any:
    """The best row whose predictions do not depend on other queries, or of all; None of none."""
    plain = rows[~transductive(rows)]
    fair = plain if len(plain) else rows
    return fair.loc[best_row(fair)] if len(fair) else None


def verdict(pair: Any) -> str:
    """better, worse, no (difference seen), too (few episodes), unknown; nothing without a pair."""
    return "" if pair is None else str(pair["verdict"]).split()[0]


def is_seen(pair: Any) -> bool:
    """Whether one of a pair is better."""
    return verdict(pair) in ("better", "worse")


def margin(pair: Any) -> str:
    """``5.25 ± 0.99 points``: how far apart the two are, without a sign where one is better."""
    mean, half = judged_by(pair, "difference")
    unit = "points" if pair["task"] == "classification" else "of squared error"
    unit += " (trimmed mean)" if pair["trimmed"] else ""
    if is_seen(pair):
        return f"{formats.plus_minus(abs(pair[mean]), pair[half], pair['task'])} {unit}"
    return f"{formats.signed(pair[mean], pair[half], pair['task'])} {unit}"


def counted(pair: Any, episodes: str = "episodes") -> str:
    """``600 episodes``; ``20 episodes in 10 clusters`` where some belong together."""
    together = f" in {pair['units']} clusters" if pair["units"] < pair["episodes"] else ""
    return f"{pair['episodes']} {episodes}{together}"


def in_words(pair: Any) -> str:
    """``better by 5.25 ± 0.99 points``, or that no difference is seen."""
    if is_seen(pair):
        return f"{verdict(pair)} by {margin(pair)}"
    neither = {"no": "not told apart", "too": "too few episodes to tell"}.get(verdict(pair))
    return f"{neither}: {margin(pair)}" if neither else "unknown"


def beside_papers(results: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """``results`` with a column ``beside``: each row's verdict in the table ``published``.

    Nothing where no published number stands beside a row; of several inner steps the last counts.
    """
    texts = {}
    for _, row in published.sort_values("step", na_position="last").iterrows():
        why = f": {row['why']}" if row["verdict"] == "not comparable" else ""
        texts[tuple(row[CELL])] = f"{row['verdict']}{why}"
    return results.assign(beside=[texts.get(tuple(cell), "") for cell in results[CELL].to_numpy()])
