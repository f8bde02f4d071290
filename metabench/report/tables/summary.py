"""Algorithms by settings: the table to show first."""

from __future__ import annotations

from typing import Any

import pandas as pd

from metabench.report import formats
from metabench.report.numbers import judged_by
from metabench.report.statistics import SETTING
from metabench.report.tables.results import score_text


def summary_numbers(results: pd.DataFrame) -> pd.DataFrame:
    """Algorithms by settings: the mean score, or what is published, a row for each kind of mode."""
    return _pivot(results, lambda row: _published(row) if _is_published(row) else row["mean"])


def summary_text(results: pd.DataFrame) -> pd.DataFrame:
    """The same with intervals; bold is the best mean of a setting, transductive rows apart."""
    plain = results[~transductive(results) & results["mean"].notna()]
    best = {row for _, here in plain.groupby(SETTING, sort=False) for row in _best_rows(here)}

    def text(row: Any) -> str:
        if _is_published(row):
            return f"{_published(row):g}"
        shown = score_text(row, trimmed=row["trimmed"])
        return f"**{shown}**" if row.name in best else shown

    return _pivot(results, text).fillna(formats.NONE)


def best_row(here: pd.DataFrame) -> Any:
    """The index of the best row of one setting, by plain or by trimmed means: ``judged_by``."""
    score = here[judged_by(here)[0]]
    return score.idxmin() if (here["task"] == "regression").any() else score.idxmax()


def _best_rows(here: pd.DataFrame) -> list[Any]:
    """The best row, and those that are as good."""
    score = here[judged_by(here)[0]]
    return list(here.index[score == score[best_row(here)]])


def _is_published(row: Any) -> bool:
    return bool(row["status"] == "published")


def _published(row: Any) -> float:
    """A published number; errors are shown as accuracies."""
    error = row["published_metric"] == "error"
    return float(100 - row["published"] if error else row["published"])


def transductive(results: pd.DataFrame) -> Any:
    """Which rows let the queries of an episode see each other."""
    return results["mode"] == "transductive"


def _place(row: Any) -> int:
    """Fair rows, then transductive ones, then published ones."""
    return 2 if row["status"] == "published" else int(row["mode"] == "transductive")


def row_names(results: pd.DataFrame) -> list[str]:
    """What each row is called: modes of an algorithm are told apart, and published rows from ours.

    Its name alone is the one mode of an algorithm that is not transductive, where there is one.
    """
    fair = results[~transductive(results) & (results["status"] != "published")]
    modes = fair.groupby([*SETTING, "title"])["mode"].nunique().groupby("title").max()
    papers = results[results["status"] == "published"]
    alike = set(papers[papers.duplicated([*SETTING, "title"])]["title"])
    names = []
    for _, row in results.iterrows():
        several = row["mode"] == "transductive" or modes.get(row["title"], 0) > 1
        if _is_published(row):
            names.append(_published_name(row, row["title"] in alike))
        elif several and isinstance(row["mode"], str):
            names.append(f"{row['title']}, {row['mode']}")
        else:
            names.append(row["title"])
    return names


def _published_name(row: Any, several: bool) -> str:
    """A published row's; with where its number is from where a setting has several of one title."""
    of = [row[f"published_{what}"] for what in ("source", "backbone", "note")] if several else []
    said = [text for text in of if pd.notna(text) and text]
    return f"{row['title']} ({', '.join(['published', *said])})"


def _pivot(results: pd.DataFrame, value: Any) -> pd.DataFrame:
    rows: dict[str, dict[str, Any]] = {}
    columns = {_column(row): None for _, row in results.iterrows()}
    places = [_place(row) for _, row in results.iterrows()]
    together = results.assign(place=places, named=row_names(results))
    for _, row in together.sort_values("place", kind="stable").iterrows():
        rows.setdefault(row["named"], {})[_column(row)] = value(row)
    table = [{"Algorithm": name, **cells} for name, cells in rows.items()]
    return pd.DataFrame(table, columns=["Algorithm", *columns])


def _column(row: Any) -> str:
    setting = formats.setting(row["way"], row["shot"], row["task"])
    return f"{row['dataset']} {setting} ({'MSE' if row['task'] == 'regression' else '%'})"
