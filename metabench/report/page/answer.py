"""The answer in sentences, from the numbers and from nothing else."""

from __future__ import annotations

from typing import Any

import pandas as pd

from metabench.report import formats
from metabench.report.data import BASELINES, at
from metabench.report.tables.summary import best_row, transductive

SETTING = ["dataset", "way", "shot"]
NO_META_LEARNING = ("scratch", "hausdorff")
TRAINED_AGAIN = {
    "stands": ", and would be expected to if all were trained again",
    "open": ", but might not if all were trained again",
    "one seed": "; with one training seed, nothing is known of training again",
    "unknown": "",
}


def answers(results: pd.DataFrame, paired: pd.DataFrame) -> list[str]:
    """A sentence a setting: the best algorithm, and whether it beats pre-training.

    Only algorithms are compared whose predictions do not depend on other queries; where a
    setting has none of them, all are. The baseline is the stronger of the pre-training rows.
    """
    finished = results[(results["status"] == "finished") & results["mean"].notna()]
    sentences = []
    for key, here in finished.groupby(SETTING, sort=False):
        plain = here[~transductive(here)]
        fair = plain if len(plain) else here
        setting = dict(zip(SETTING, key, strict=True))
        sentences.append(sentence(fair, at(paired, **setting)))
    return sentences


def sentence(here: pd.DataFrame, paired: pd.DataFrame) -> str:
    """The sentence of one setting."""
    first = here.iloc[0]
    where = f"{first['dataset']}, {formats.setting(first['way'], first['shot'], first['task'])}"
    best = here.loc[best_row(here)]
    start = f"{where}: best is {best['title']} ({_score(best, here)})"
    baselines = here[here["algorithm"].isin(BASELINES)]
    others = here[~here["algorithm"].isin([*BASELINES, *NO_META_LEARNING])]
    if baselines.empty:
        return f"{start}; the study has no pre-training here to compare it with."
    if others.empty:
        return f"{start}; the study has no meta-learner here."
    baseline, rival = baselines.loc[best_row(baselines)], others.loc[best_row(others)]
    pair = at(paired, algorithm=rival["algorithm"], mode=rival["mode"])
    pair = at(pair, baseline=baseline["algorithm"])
    if pair.empty:
        return f"{start}."
    itself = rival["algorithm"] == best["algorithm"]
    who = "it" if itself else f"the best meta-learner, {rival['title']},"
    return f"{start}; {who} {_comparison(pair.iloc[0], baseline['title'])}."


def _comparison(row: Any, baseline: str) -> str:
    trimmed = row["diverged_episodes"] > 0
    mean, half = ("robust", "robust_ci95") if trimmed else ("difference", "ci95")
    unit = " points" if row["task"] == "classification" else " of squared error"
    unit += " (trimmed mean)" if trimmed else ""
    on = f"on the same {row['episodes']} episodes"
    word = row["verdict"].split()[0]
    if word in ("better", "worse"):
        by = formats.plus_minus(abs(row[mean]), row[half], row["task"])
        again = TRAINED_AGAIN[row["again"]]
        return (
            f"{'beats' if word == 'better' else 'loses to'} “{baseline}” by {by}{unit} {on}{again}"
        )
    by = formats.signed(row[mean], row[half], row["task"])
    return f"is not told apart from “{baseline}”: {by}{unit} {on}"


def _score(row: Any, here: pd.DataFrame) -> str:
    trimmed = bool((here["diverged_episodes"] > 0).any())
    mean, half = ("robust", "robust_ci95") if trimmed else ("mean", "ci95")
    text = formats.plus_minus(row[mean], row[half], row["task"])
    if row["task"] == "classification":
        return f"{text} %"
    return f"{'trimmed ' if trimmed else ''}mean squared error {text}"
