"""The part of the page that each algorithm has for itself."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from metabench.report import formats
from metabench.report.data import Report, at, in_order
from metabench.report.figures.training import validations
from metabench.report.page.curve import curve
from metabench.report.page.described import Described, describe
from metabench.report.page.equations import docstring_html
from metabench.report.page.html import html_table
from metabench.report.page.judged import counted, in_words, settings
from metabench.report.statistics import SETTING
from metabench.report.tables.results import or_none, published_text, score_text

HYPERPARAMETER = "hyperparameters."
LINKS = (
    (re.compile(r"arXiv:(\d{4}\.\d{4,5})"), "https://arxiv.org/abs/"),
    (re.compile(r"doi:(10\.[^\s,;]+)"), "https://doi.org/"),
)


@dataclass(frozen=True)
class Section:
    """An algorithm, as the page shows it."""

    name: str
    title: str
    about: str
    paper: Markup
    text: Markup  # the docstring of its module: equations, and where paper and code differ
    outcome: Markup
    hyperparameters: Markup
    curves: list[Markup]
    targets: list[str]  # what to ask Snakemake for to run it alone


def sections(
    report: Report,
    results: pd.DataFrame,
    paired: pd.DataFrame,
    configs: Sequence[Path],
) -> list[Section]:
    """A section for each algorithm with a run, in the order of the study.

    Args:
        report: the results.
        results: numbers of the table ``results``.
        paired: numbers of the table ``paired``.
        configs: folders with ``algorithms/<name>.yaml``, the first that has one counts.
    """
    curves = _curves(report)
    made = []
    names = dict.fromkeys(name for *_, algorithms in report.cells() for name in algorithms)
    for name in names:
        runs = in_order(at(report.runs, algorithm=name), report)
        if runs.empty:
            continue
        words, title = describe(name, configs), report.titles[name]
        made.append(
            Section(
                name=name,
                title=title,
                about=words.about,
                paper=linked(words.paper),
                text=docstring_html(words.docstring) if words.docstring else Markup(""),
                outcome=html_table(_outcome(name, results, paired), f"{title}: what came out"),
                hyperparameters=_hyperparameters(runs, words, title),
                curves=curves.get(name, []),
                targets=_targets(runs),
            )
        )
    return made


def linked(paper: str) -> Markup:
    """A citation with links to what it names."""
    shown = str(escape(paper))
    for pattern, address in LINKS:
        shown = pattern.sub(rf'<a href="{address}\1">\g<0></a>', shown)
    return Markup(shown)


def _outcome(name: str, results: pd.DataFrame, paired: pd.DataFrame) -> pd.DataFrame:
    """Every row of the algorithm: its score, against pre-training, and beside its paper."""
    known = {tuple(each.rows.iloc[0][SETTING]): each for each in settings(results, paired)}
    rows = []
    for _, row in at(results, algorithm=name).iterrows():
        here = known.get(tuple(row[SETTING]))
        rows.append(
            {
                "Setting": f"{row['dataset']}, "
                + formats.setting(row["way"], row["shot"], row["task"]),
                "Mode": or_none(row["mode"]),
                "Score ± 95 %": score_text(row),
                "Seeds": f"{row['seeds']:.0f}" if pd.notna(row["seeds"]) else formats.NONE,
                "Against pre-training": _against(here.pair(row) if here else None),
                "Published": _published(row),
                "Agrees?": row["beside"] or "no published number",
            }
        )
    return pd.DataFrame(rows)


def _against(pair: Any) -> str:
    if pair is None:
        return formats.NONE
    return f"{in_words(pair)}, {counted(pair)}, “{pair['baseline_title']}”"


def _published(row: Any) -> str:
    text = published_text(row)
    return text if text == formats.NONE else f"{text}: {row['published_source']}"


def _hyperparameters(runs: pd.DataFrame, words: Described, title: str) -> Markup:
    columns: dict[str, dict[str, str]] = {}
    for _, here in runs.groupby(SETTING, sort=False):
        first = here.iloc[0]
        name = f"{first['dataset']}, {formats.setting(first['way'], first['shot'], first['task'])}"
        columns[name] = {
            str(key).removeprefix(HYPERPARAMETER): _value(value)
            for key, value in first.items()
            if str(key).startswith(HYPERPARAMETER) and _given(value)
        }
    names = list(dict.fromkeys(key for values in columns.values() for key in values))
    rows = [
        {
            "Name": name,
            **{where: values.get(name, formats.NONE) for where, values in columns.items()},
            "What it is": words.fields.get(name, formats.NONE),
        }
        for name in names
    ]
    return html_table(pd.DataFrame(rows), f"{title}: hyperparameters used") if rows else Markup("")


def _given(value: Any) -> bool:
    return bool(pd.notna(value))


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:g}"
    text = str(value)
    with suppress(ValueError):  # a list is written as JSON, and a text as it is
        listed = json.loads(text)
        return ", ".join(map(str, listed)) if isinstance(listed, list) else text
    return text


def _curves(report: Report) -> dict[str, list[Markup]]:
    """By algorithm: a drawing for each setting that it was meta-trained in."""
    drawn: dict[str, list[Markup]] = {}
    for dataset, way, shot, _ in report.cells():
        if dataset not in report.datasets:
            continue
        task = report.datasets[dataset]
        rows = validations(report, dataset, way, shot)
        if rows.empty:
            continue
        rows["val_score"] *= 100 if task == "classification" else 1
        where = f"{dataset}, {formats.setting(way, shot, task)}"
        for name, own in rows.groupby("algorithm", sort=False):
            drawn.setdefault(str(name), []).append(curve(own, task, where))
    return drawn


def _targets(runs: pd.DataFrame) -> list[str]:
    targets = []
    for (study, dataset, way, shot, name), here in runs.groupby(
        ["study", *SETTING, "algorithm"], sort=False
    ):
        seeds = sorted(here["seed"].unique())
        which = f"{{{','.join(map(str, seeds))}}}" if len(seeds) > 1 else f"{seeds[0]}"
        targets.append(f"results/runs/{study}/{dataset}/{way}w{shot}s/{name}/seed{which}/run.json")
    return targets
