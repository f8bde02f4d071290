"""What every row of a study says beside pre-training and beside its paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from metabench.report import formats
from metabench.report.data import BASELINES, at
from metabench.report.tables.summary import best_row, transductive

SETTING = ["dataset", "way", "shot"]
NO_META_LEARNING = ("scratch", "hausdorff")


@dataclass(frozen=True)
class Setting:
    """One setting: its finished rows, the strongest pre-training, and the pairs with that."""

    name: str  # such as "glyphs, 5-way 1-shot"
    rows: pd.DataFrame
    baseline: Any  # the strongest pre-training row; None without one
    pairs: pd.DataFrame

    @property
    def rival(self) -> Any:
        """The best meta-learner whose predictions do not depend on other queries; None without."""
        others = self.rows[~self.rows["algorithm"].isin([*BASELINES, *NO_META_LEARNING])]
        plain = others[~transductive(others)]
        fair = plain if len(plain) else others
        return fair.loc[best_row(fair)] if len(fair) else None

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
        baselines = here[here["algorithm"].isin(BASELINES)]
        baseline = baselines.loc[best_row(baselines)] if len(baselines) else None
        pairs = at(paired, **dict(zip(SETTING, key, strict=True)))
        if baseline is not None:
            pairs = at(pairs, baseline=baseline["algorithm"])
        yield Setting(name, here, baseline, pairs)


def verdict(pair: Any) -> str:
    """better, worse, no (difference seen), unknown; nothing without a pair."""
    return "" if pair is None else str(pair["verdict"]).split()[0]


def margin(pair: Any) -> str:
    """``5.25 ± 0.99 points``: how far apart the two are, without a sign where one is better."""
    trimmed = pair["diverged_episodes"] > 0
    mean, half = ("robust", "robust_ci95") if trimmed else ("difference", "ci95")
    unit = "points" if pair["task"] == "classification" else "of squared error"
    unit += " (trimmed mean)" if trimmed else ""
    if verdict(pair) in ("better", "worse"):
        return f"{formats.plus_minus(abs(pair[mean]), pair[half], pair['task'])} {unit}"
    return f"{formats.signed(pair[mean], pair[half], pair['task'])} {unit}"


def in_words(pair: Any) -> str:
    """``better by 5.25 ± 0.99 points``, or that no difference is seen."""
    word = verdict(pair)
    if word in ("better", "worse"):
        return f"{word} by {margin(pair)}"
    return f"not told apart: {margin(pair)}" if word == "no" else "unknown"


def beside_paper(row: Any) -> str:
    """Whether a row agrees with the number that a paper printed; nothing without one.

    Numbers of another split or network are of something else, and a run that was cut short is no
    test of a paper's. Otherwise they agree where the two intervals (ours over episodes) meet.
    """
    if pd.isna(row["published"]):
        return ""
    other = row["published_backbone"] not in ("", row["backbone"])
    if row["published_split"] or other:
        return "not comparable: another " + ("split" if row["published_split"] else "network")
    full = row["published_iterations"]
    if pd.notna(full) and row["iterations"] < full:
        share = 100 * row["iterations"] / full
        return f"not tested: run for {share:.2g} % of the published iterations"
    if pd.isna(row["gap"]):
        return "unknown"
    reach = pd.Series([row["ci95"], row["published_ci95"]]).fillna(0).sum()
    return "agrees" if abs(row["gap"]) <= reach else "differs"
