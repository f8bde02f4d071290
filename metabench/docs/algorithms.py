"""docs/algorithms.md: every algorithm, its paper, and its hyperparameters."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from typing import Any

from metabench.docs.sources import Described
from metabench.hyperparameters import Hyperparameters
from metabench.study.catalogue import Algorithm, Rule

HEAD = """\
# Algorithms

<!-- Made from the sources by `make docs`; do not edit. -->

What each is, in the first line of its file; the file has the equation, and says where code and
paper differ. [ideas.md](ideas.md) explains how they belong together, and
[references.bib](references.bib) has the papers for BibTeX.

"""
COMMON = """
## What every algorithm has

The meta-training loop is the same for all, and so are these:

"""
OWN = """
## What each has of its own

*Default* is what holds where no file says otherwise. *In its file* is what the algorithm's file in
`config/algorithms` says, which goes over it: the published values, as far as there are any; first
what it says for all, then what its `settings` say for some tasks, data sets, networks, ways or
shots: the last that fits holds. What a study says goes over all.
"""
NAMES = ("Name", "Default", "In its file", "What")


def algorithms_page(described: Sequence[Described]) -> str:
    """The page as Markdown."""
    common = [_row(field) for field in dataclasses.fields(Hyperparameters)]
    return "".join(
        [
            HEAD,
            _table(("Name", "Title", "What", "Tasks", "Paper"), map(_overview, described)),
            COMMON,
            _table(("Name", "Default", "What"), common),
            OWN,
            *map(_section, described),
        ]
    )


def _overview(one: Described) -> tuple[str, ...]:
    algorithm = one.algorithm
    return (
        f"[`{algorithm.name}`](#{algorithm.name})",
        algorithm.title,
        one.docstring.partition("\n")[0],
        ", ".join(algorithm.tasks),
        _linked(algorithm.paper),
    )


def _section(one: Described) -> str:
    algorithm = one.algorithm
    about = f"\n### `{algorithm.name}`\n\n{algorithm.title}: [{one.source}](../{one.source}), "
    about += f"[{algorithm.name}.yaml](../config/algorithms/{algorithm.name}.yaml)"
    about += _trained(algorithm)
    if algorithm.hyperparameters is None:
        return about + ". A program of its own, without hyperparameters.\n"
    rows = list(_own_rows(algorithm.hyperparameters, algorithm))
    return about + ".\n" + ("\n" + _table(NAMES, rows) if rows else "\nNone of its own.\n")


def _trained(algorithm: Algorithm) -> str:
    """On whose model it is evaluated, where not always on its own."""
    models = {task: algorithm.model_of.get(task, "") for task in algorithm.tasks}
    if not any(models.values()):
        return ""
    if len(set(models.values())) == 1:
        return f"; it is evaluated on the model of `{next(iter(models.values()))}`"
    return "".join(
        f"; on {task} it is evaluated on the model of `{model}`"
        if model
        else f"; on {task} it trains its own"
        for task, model in models.items()
    )


def _own_rows(cls: type[Hyperparameters], algorithm: Algorithm) -> Iterable[tuple[str, ...]]:
    """The fields that the class adds or whose default it changes, and those that its file sets."""
    common = {field.name: field.default for field in dataclasses.fields(Hyperparameters)}
    for field in sorted(dataclasses.fields(cls), key=lambda field: field.name in common):
        inherited = common.get(field.name, dataclasses.MISSING) == field.default
        published = _published(field.name, algorithm)
        if published or not inherited:
            name, default, what = _row(field)
            yield name, default, published, what


def _published(name: str, algorithm: Algorithm) -> str:
    """What the file has for all settings, and what for which: "4; 25 for regression"."""
    rules = [rule for rule in algorithm.settings if name in rule.values]
    everywhere = [_value(algorithm.defaults[name])] if name in algorithm.defaults else []
    places = [f"{_value(rule.values[name])} for {_place(rule)}" for rule in rules]
    return "; ".join([*everywhere, *places])


def _place(rule: Rule) -> str:
    """Where a rule applies: "glyphs, omniglot, 5-way"."""
    ends = {key: f"-{key}" if key in ("way", "shot") else "" for key in rule.where}
    return ", ".join(f"{one}{ends[key]}" for key, allowed in rule.where.items() for one in allowed)


def _row(field: Any) -> tuple[str, str, str]:
    return f"`{field.name}`", _value(field.default), field.metadata["about"]


def _value(value: Any) -> str:
    """A value as a study would have it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _linked(paper: str) -> str:
    paper = re.sub(r"arXiv:(\d+\.\d+)", r"[arXiv:\1](https://arxiv.org/abs/\1)", paper)
    return re.sub(r"doi:(\S+)", r"[doi:\1](https://doi.org/\1)", paper)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in escaped)
