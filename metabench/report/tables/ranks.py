"""Average ranks of algorithms over the settings of a study."""

from __future__ import annotations

from typing import Any

import pandas as pd

from metabench.report import formats
from metabench.report.names import LEAST_ALGORITHMS, LEAST_SETTINGS
from metabench.report.numbers import judged_by
from metabench.report.statistics import SETTING, Ranks, rank
from metabench.report.statistics.ranks import LEVEL
from metabench.report.tables.summary import transductive


def study_ranks(results: pd.DataFrame) -> Ranks | None:
    """The ranks of the algorithms that have a score in every setting; None for too few.

    Transductive rows are left out. Where an episode of a setting of regression diverged, its
    trimmed means are ranked.
    """
    return rank(_scores(results))


def _scores(results: pd.DataFrame) -> pd.DataFrame:
    """Settings by algorithms, higher is better."""
    ours = results[(results["status"] != "published") & ~transductive(results)]
    ours = ours.drop_duplicates([*SETTING, "algorithm"])
    rows = {}
    for _, here in ours.groupby(SETTING, sort=False):
        first = here.iloc[0]
        value = here[judged_by(here)[0]]
        sign = -1 if first["task"] == "regression" else 1
        name = f"{first['dataset']} {formats.setting(first['way'], first['shot'], first['task'])}"
        rows[name] = dict(zip(here["algorithm"], sign * value.astype(float), strict=True))
    return pd.DataFrame.from_dict(rows, orient="index")


def left_out(results: pd.DataFrame) -> list[str]:
    """The titles of the algorithms that lack a score in some setting."""
    scores = _scores(results)
    titles = dict(zip(results["algorithm"], results["title"], strict=True))
    return [str(titles[name]) for name in scores if scores[name].isna().any()]


def rank_numbers(results: pd.DataFrame) -> pd.DataFrame:
    """One row an algorithm, the best first; none where ranks cannot be made."""
    names = ["algorithm", "title", "average_rank", "settings", "friedman_p", "critical_difference"]
    ranks = study_ranks(results)
    if ranks is None:
        return pd.DataFrame(columns=names)
    titles = dict(zip(results["algorithm"], results["title"], strict=True))
    rows: list[dict[str, Any]] = [
        {
            "algorithm": name,
            "title": titles[name],
            "average_rank": average,
            "settings": len(ranks.ranks),
            "friedman_p": ranks.friedman_p,
            "critical_difference": ranks.critical,
            **ranks.ranks[name],
            "alike": ", ".join(ranks.alike(str(name))),
        }
        for name, average in ranks.average.items()
    ]
    return pd.DataFrame(rows)


def rank_text(results: pd.DataFrame) -> pd.DataFrame:
    """The same for readers, or one row that says why there are no ranks."""
    ranks = study_ranks(results)
    if ranks is None:
        return pd.DataFrame({"Average ranks": [what_ranks_say(results)]})
    titles = dict(zip(results["algorithm"], results["title"], strict=True))
    rows = [
        {
            "Algorithm": titles[name],
            "Average rank": f"{average:.2f}",
            **{place: f"{value:g}" for place, value in ranks.ranks[name].items()},
            "Not told apart from": _alike(ranks, str(name), titles),
        }
        for name, average in ranks.average.items()
    ]
    return pd.DataFrame(rows)


def _alike(ranks: Ranks, name: str, titles: dict[str, str]) -> str:
    """The others that are not told apart from one, or those that are, whichever are fewer."""
    alike = ranks.alike(name)
    apart = [str(n) for n in ranks.average.index if n not in (name, *alike)]
    if not apart:
        return "any"
    if len(apart) < len(alike):
        return "any but " + "; ".join(titles[other] for other in apart)
    return "; ".join(titles[other] for other in alike) or formats.NONE


def what_ranks_say(results: pd.DataFrame) -> str:
    """The two tests in a sentence or two, or why there are no ranks."""
    ranks = study_ranks(results)
    if ranks is None:
        scores = _scores(results)
        return (
            f"No average ranks: they need {LEAST_SETTINGS} settings and {LEAST_ALGORITHMS} "
            f"algorithms with a score in all of them; there are {len(scores)} and "
            f"{len(scores.dropna(axis='columns').columns)}."
        )
    settings, algorithms = ranks.ranks.shape
    p = formats.p_value(ranks.friedman_p)
    text = (
        f"{settings} settings, {algorithms} algorithms: Friedman’s test has p "
        f"{p if p.startswith('<') else f'= {p}'}, and Nemenyi’s critical difference (CD) at "
        f"5 % is {ranks.critical:.2f}.{_without_seeds(results, ranks)}"
    )
    if ranks.critical > algorithms - 1:
        return f"{text} No average ranks can be that far apart: so few settings tell nothing apart."
    return text + (" So no two are told apart." if ranks.friedman_p >= LEVEL else "")


def _without_seeds(results: pd.DataFrame, ranks: Ranks) -> str:
    """Which of the ranked algorithms lost seeds, whose scores are not in their ranks."""
    lost = results[(results["diverged_seeds"] > 0) & results["algorithm"].isin(ranks.average.index)]
    titles = "; ".join(dict.fromkeys(lost["title"]))
    return f" Ranked by the seeds that did not diverge: {titles}." if titles else ""
