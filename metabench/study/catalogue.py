"""The files of algorithms and data sets: ``config/algorithms/<name>.yaml`` and its like.

A study's own folder is looked in first, then the project's ``config``: a study kept elsewhere can
bring its own ``algorithms/`` and ``datasets/``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from metabench.errors import MetabenchError
from metabench.hyperparameters import Hyperparameters, parse
from metabench.label import MARK, labelled, split
from metabench.spec import DataSpec
from metabench.study import fields
from metabench.study.data_module import TASKS, ask, implementation
from metabench.study.lazy import call, hyperparameters_of
from metabench.study.yaml_file import read_mapping

ROLES = ("meta-learning", "pre-training", "neither")  # what a report takes an algorithm for
CONDITIONS = ("dataset", "task", "way", "shot", "backbone")  # of an algorithm's `where`
EPISODE_KEYS = ("seed", "test", "val", "test_queries", "val_queries")
_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True)
class Dataset:
    """``config/datasets/<name>.yaml``."""

    file: Path
    spec: DataSpec
    title: str
    backbone: str  # where a study names no other
    episodes: dict[str, int]  # seed; test and val: how many; test_queries and val_queries: of each

    def queries(self, split: str, shot: int) -> int:
        """Queries of each class in the episodes of a split; as many as shots where 0 says so."""
        return self.episodes[f"{split}_queries"] or shot


@dataclass(frozen=True)
class Rule:
    """An entry of an algorithm's ``settings``: where it applies, and what it sets."""

    where: dict[str, list[Any]]
    values: dict[str, Any]
    length: str  # "ours" where no published number of iterations is known; else ""

    def matches(self, place: dict[str, Any]) -> bool:
        """Whether every condition holds at ``place``, which has all of ``CONDITIONS``."""
        return all(
            any(_applies(condition, value, place[condition]) for value in allowed)
            for condition, allowed in self.where.items()
        )


@dataclass(frozen=True)
class Algorithm:
    """``config/algorithms/<name>.yaml``, perhaps under a label: ``<name>--<label>``."""

    file: Path
    name: str
    title: str
    paper: str
    role: str  # one of ROLES
    tasks: tuple[str, ...]
    algorithm_class: str  # "package.module:Class"; empty for an external program
    hyperparameters: type[Hyperparameters] | None  # None for an external program
    deterministic: bool  # the same from every seed: runs once, as seed 0
    model_of: dict[str, str]  # task -> the algorithm whose model it is evaluated on
    defaults: dict[str, Any]
    length: str  # of meta-training by ``defaults``: see ``Rule``
    settings: tuple[Rule, ...]

    def check(self, values: dict[str, Any], where: str) -> None:
        """Check hyperparameters by name, type and range; an external program's are its own."""
        if self.hyperparameters is not None:
            call(where, parse, self.hyperparameters, values, where)
        elif "iterations" in values:  # of which a study's budget is a share
            fields.whole(values["iterations"], f"{where}: iterations")

    def published(self, place: dict[str, Any]) -> dict[str, Any]:
        """The hyperparameters that the file gives for ``place``: dataset, task, way, ..."""
        values = dict(self.defaults)
        for rule in self.settings:
            if rule.matches(place):
                values |= rule.values
        return values

    def has_published_length(self, place: dict[str, Any]) -> bool:
        """Whether the iterations that the file gives for ``place`` are a paper's."""
        length = self.length
        for rule in self.settings:
            if rule.matches(place) and (rule.length or "iterations" in rule.values):
                length = rule.length
        return not length

    def seeds(self, asked: tuple[int, ...]) -> tuple[int, ...]:
        """The training seeds that it runs from, of those that a study asks for."""
        return (0,) if self.deterministic else asked

    def under(self, label: str) -> Algorithm:
        """The same under a label, which the model that it is tested on has too."""
        return replace(
            self,
            name=labelled(self.name, label),
            title=f"{self.title}, {label.replace('_', ' ')}",
            model_of={task: labelled(model, label) for task, model in self.model_of.items()},
        )


class Catalogue:
    """The algorithms and data sets of some folders, each file read once, when it is asked for."""

    def __init__(self, folders: Sequence[Path], archives: Path | None = None) -> None:
        self._folders = list(dict.fromkeys(folders))
        self._archives = archives
        self._datasets: dict[str, Dataset] = {}
        self._algorithms: dict[str, Algorithm] = {}

    def dataset(self, name: Any, where: str) -> Dataset:
        """The data set that ``where`` asks for."""
        known = self._known(name, where, "data set", "datasets")
        if known not in self._datasets:
            self._datasets[known] = read_dataset(self._file("datasets", known), self._archives)
        return self._datasets[known]

    def algorithm(self, name: Any, where: str) -> Algorithm:
        """The algorithm that ``where`` asks for, under a label if it says one."""
        own, label = name, ""
        if name not in self._names("algorithms"):  # a file that is named so is refused when read
            own, label = _own_and_label(name, where)
        known = self._known(own, where, "algorithm", "algorithms")
        if known not in self._algorithms:
            file = self._file("algorithms", known)
            self._algorithms[known] = read_algorithm(file, self._names("datasets"))
        algorithm = self._algorithms[known]
        return algorithm.under(label) if label else algorithm

    def _known(self, name: Any, where: str, what: str, kind: str) -> str:
        names = self._names(kind)
        for file in (file for base in self._folders for file in (base / kind).glob("*.yml")):
            if file.stem == name and name not in names:
                raise MetabenchError(f"{where}: no {what} {name!r}; {file} is to end in .yaml")
        return fields.known(name, where, what, names)

    def _names(self, kind: str) -> list[str]:
        return sorted({file.stem for f in self._folders for file in (f / kind).glob("*.yaml")})

    def _file(self, kind: str, name: str) -> Path:
        files = [folder / kind / f"{name}.yaml" for folder in self._folders]
        return next(file for file in files if os.path.lexists(file))  # a link to nothing, too


def read_dataset(file: Path, archives: Path | None = None) -> Dataset:
    """The data set that ``file`` describes, its options checked by its module.

    Args:
        file: such as ``config/datasets/omniglot.yaml``.
        archives: the folder of raw archives; None for the one that the environment names.
    """
    fields.name(file.stem, f"{file}: its name")
    known = ("module", "task", "title", "options", "within_group", "backbone", "episodes")
    required = ("module", "task", "title", "backbone", "episodes")
    values = fields.keys(read_mapping(file), str(file), known, required)
    module = fields.text(values["module"], f"{file}: module")
    if not _MODULE.fullmatch(module):
        raise fields.wrong(module, f"{file}: module", "a module is, such as package.module")
    options = fields.mapping(values.get("options", {}), f"{file}: options")
    task = fields.known(values["task"], f"{file}: task", "task", TASKS)
    at = f"{file}: options"
    if hasattr(implementation(module, task, f"{file}: module"), "complete"):
        from metabench.datasets.archives import named_folder

        archives = archives or named_folder()
    within_group = fields.flag(values.get("within_group", False), f"{file}: within_group")
    ask(module, "check", at, options, at)
    completed = ask(module, "complete", at, options, within_group, archives, at)
    episodes = fields.keys(values["episodes"], f"{file}: episodes", EPISODE_KEYS, EPISODE_KEYS)
    return Dataset(
        file=file,
        spec=DataSpec(
            name=file.stem,
            module=module,
            task=task,
            options=options if completed is None else completed,
            within_group=within_group,
        ),
        title=fields.text(values["title"], f"{file}: title"),
        backbone=fields.text(values["backbone"], f"{file}: backbone"),
        episodes={
            key: 0
            if value == "shot" and key.endswith("queries")
            else fields.whole(value, f"{file}: episodes.{key}", least=int(key != "seed"))
            for key, value in episodes.items()
        },
    )


def read_algorithm(file: Path, datasets: Sequence[str]) -> Algorithm:
    """The algorithm that ``file`` describes; ``datasets`` are the names its `where` may use."""
    name = fields.name(file.stem, f"{file}: its name")
    if MARK in name:
        raise fields.wrong(name, f"{file}: its name", f"one without '{MARK}', of a label, is")
    known = (
        *("title", "class", "external", "tasks", "about", "paper", "role"),
        *("deterministic", "model_of", "defaults", "length", "settings"),
    )
    values = fields.keys(read_mapping(file), str(file), known, ("title", "tasks"))
    fields.text(values.get("about", "nothing"), f"{file}: about")  # for the page of a report alone
    external = fields.flag(values.get("external", False), f"{file}: external")
    if external == ("class" in values):
        raise MetabenchError(
            f"{file}: one of `class: package.module:Class` and `external: true` is right"
        )
    algorithm_class, hyperparameters = "", None
    if not external:
        algorithm_class = fields.text(values["class"], f"{file}: class")
        if not _CLASS.fullmatch(algorithm_class):
            raise fields.wrong(
                algorithm_class, f"{file}: class", "a class is, such as package.module:Class"
            )
        hyperparameters = hyperparameters_of(algorithm_class, f"{file}: class")
    tasks = fields.items(
        values["tasks"],
        f"{file}: tasks",
        lambda value, where: fields.known(value, where, "task", TASKS),
        "[classification]",
    )
    algorithm = Algorithm(
        file=file,
        name=name,
        title=fields.text(values["title"], f"{file}: title"),
        paper=fields.text(values.get("paper", "none"), f"{file}: paper"),
        role=_role(values, external, file),
        tasks=tuple(tasks),
        algorithm_class=algorithm_class,
        hyperparameters=hyperparameters,
        deterministic=fields.flag(values.get("deterministic", False), f"{file}: deterministic"),
        model_of=_model_of(values.get("model_of", {}), tasks, f"{file}: model_of"),
        defaults=fields.mapping(values.get("defaults", {}), f"{file}: defaults"),
        length=_length(values, f"{file}: length"),
        settings=_settings(values.get("settings", []), datasets, f"{file}: settings"),
    )
    algorithm.check(algorithm.defaults, f"{file}: defaults")
    for i, rule in enumerate(algorithm.settings):
        algorithm.check(rule.values, f"{file}: settings[{i}].set")
    return algorithm


def _own_and_label(name: Any, where: str) -> tuple[Any, str]:
    """An algorithm's own name, not checked yet, and its label."""
    if not isinstance(name, str) or MARK not in name:
        return name, ""
    own, label = split(name)
    if not fields.NAME.fullmatch(label):
        right = f"a label of lower-case letters, digits, '-' and '_' is, such as {own}--resnet12"
        raise fields.wrong(name, where, right)
    if label == "transductive":  # tables name the transductive row of an algorithm so
        raise fields.wrong(name, where, "tables call a mode so; another is")
    return own, label


def _role(values: dict[str, Any], external: bool, file: Path) -> str:
    """What an algorithm is taken for; a program must say, for nothing here sees what it learns."""
    if external and "role" not in values:
        raise MetabenchError(
            f"{file}: the key 'role' is missing, which a program needs; add `role: ...`, one of "
            f"{', '.join(ROLES)}"
        )
    return fields.known(values.get("role", ROLES[0]), f"{file}: role", "role", ROLES)


def _model_of(value: Any, tasks: list[str], where: str) -> dict[str, str]:
    """``pretrain_head``, or ``{classification: pretrain_head}``."""
    if isinstance(value, str):
        return {task: fields.name(value, where) for task in tasks}
    checked = fields.keys(value, where, TASKS)
    return {task: fields.name(name, f"{where}.{task}") for task, name in checked.items()}


def _length(values: dict[str, Any], where: str) -> str:
    if "length" not in values:
        return ""
    return fields.known(values["length"], where, "length", ("ours",))


def _settings(value: Any, datasets: Sequence[str], where: str) -> tuple[Rule, ...]:
    if not isinstance(value, list):
        raise fields.wrong(value, where, "a list of {where: {...}, set: {...}} is")
    rules = []
    for i, entry in enumerate(value):
        at = f"{where}[{i}]"
        checked = fields.keys(entry, at, ("where", "set", "length"), ("where", "set"))
        conditions = fields.keys(checked["where"], f"{at}.where", CONDITIONS)
        listed = {k: v if isinstance(v, list) else [v] for k, v in conditions.items()}
        for condition, allowed in listed.items():
            if not allowed:
                raise fields.wrong(allowed, f"{at}.where.{condition}", "a list of one or more is")
            for one in allowed:
                _check_condition(condition, one, datasets, f"{at}.where.{condition}")
        given = fields.mapping(checked["set"], f"{at}.set")
        rules.append(Rule(listed, given, _length(checked, f"{at}.length")))
    return tuple(rules)


def _applies(condition: str, value: Any, here: Any) -> bool:
    """Whether a condition's value is what is here; ``*`` stands for any letters of a name."""
    if condition in ("dataset", "backbone"):
        return isinstance(value, str) and fnmatchcase(here, value)
    return bool(here == value)


def _check_condition(condition: str, value: Any, datasets: Sequence[str], where: str) -> None:
    """A misspelt condition would never apply, and nobody would see it."""
    if condition == "dataset":
        if not any(_applies(condition, value, name) for name in datasets):
            fields.known(value, where, "data set", datasets)
    elif condition == "task":
        fields.known(value, where, "task", TASKS)
    elif condition == "backbone":
        kind = fields.text(value, where).partition("-")[0]
        if "*" not in kind:
            fields.known(kind, where, "kind of backbone", _kinds_of_backbones())
    else:
        fields.whole(value, where, least=1)


def _kinds_of_backbones() -> list[str]:
    """The modules that make one, found without importing them."""
    files = (Path(__file__).parents[1] / "networks").glob("*.py")
    return [file.stem for file in files if "\ndef network(" in file.read_text(encoding="utf-8")]
