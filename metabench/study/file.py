"""A study's file as it is written: what is asked for, before what it names is looked up.

The one reader of a study. The workflow expands what it returns to runs (``study/config.py``); a
report puts its results in that order, and knows by it what the study set itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from metabench.errors import MetabenchError
from metabench.setting import Setting, read_setting
from metabench.study import fields
from metabench.study.yaml_file import read_mapping

T = TypeVar("T")

KEYS = ("study", "title", "seeds", "budget", "archives", "grid")
ENTRY_KEYS = (
    *("dataset", "backbone", "settings", "trained_in", "algorithms"),
    *("set", "hyperparameters", "references"),
)

Place = tuple[str, int, int]  # data set, way, shot


@dataclass(frozen=True)
class Entry:
    """One entry of the grid: algorithms on a data set in some settings.

    Attributes:
        dataset: what the episodes are drawn from.
        settings: ways and shots.
        algorithms: what is compared.
        backbone: a name in ``metabench.networks``; "" for that of the data set.
        trained_in: the setting whose models serve them all; None where each has its own.
        common: hyperparameters set for every algorithm here (``set``).
        own: hyperparameters set for one algorithm, by its name (``hyperparameters``).
        references: keys of published rows to show beside.
        where: its file and key, for errors.
    """

    dataset: str
    settings: tuple[Setting, ...]
    algorithms: tuple[str, ...]
    backbone: str = ""
    trained_in: Setting | None = None
    common: dict[str, Any] = field(default_factory=dict)
    own: dict[str, dict[str, Any]] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    where: str = field(default="", compare=False)


@dataclass(frozen=True)
class StudyFile:
    """What a study's file says; nothing in it has been looked for.

    Attributes:
        name: of its folders.
        title: for readers.
        seeds: of meta-training.
        grid: what is compared on what.
        budget: the share of the published iterations that is run.
        archives: a folder of raw archives; "" where the file names none.
    """

    name: str
    title: str
    seeds: tuple[int, ...]
    grid: tuple[Entry, ...]
    budget: float = 1.0
    archives: str = ""

    def cells(self) -> dict[Place, list[str]]:
        """The algorithms of each (data set, way, shot), in the order of the file."""
        cells: dict[Place, dict[str, None]] = {}
        for entry in self.grid:
            for setting in entry.settings:
                there = cells.setdefault((entry.dataset, *setting), {})
                there.update(dict.fromkeys(entry.algorithms))
        return {place: list(algorithms) for place, algorithms in cells.items()}

    def entries(self, dataset: str, way: int, shot: int) -> list[Entry]:
        """The entries of the grid that have a setting."""
        return [e for e in self.grid if e.dataset == dataset and (way, shot) in e.settings]


def read_study(file: Path) -> StudyFile:
    """Read a study's file.

    Raises:
        MetabenchError: naming the file, the key (``grid[1].settings[0]``) and what would be right.
    """
    return parse_study(read_mapping(file), str(file))


def parse_study(content: Mapping[str, Any], where: str) -> StudyFile:
    """The study that a file's content describes; ``where`` is the file, for errors."""
    values = fields.keys(content, where, KEYS, ("study", "seeds", "grid"))
    at = f"{where}: "
    name = _read(values, at, "study", fields.name)
    return StudyFile(
        name=name,
        title=_read(values, at, "title", fields.text, name),
        seeds=_read(values, at, "seeds", _seeds),
        grid=_read(values, at, "grid", _grid),
        budget=_read(values, at, "budget", fields.share, 1.0),
        archives=_read(values, at, "archives", fields.text, ""),
    )


def as_written(study: StudyFile) -> dict[str, Any]:
    """The content of a file that is read as ``study``."""
    written = {
        "study": study.name,
        "title": study.title,
        "seeds": list(study.seeds),
        "budget": study.budget,
        "archives": study.archives,
        "grid": [_entry_as_written(entry) for entry in study.grid],
    }
    return {key: value for key, value in written.items() if value != ""}


def _entry(value: Any, where: str) -> Entry:
    values = fields.keys(value, where, ENTRY_KEYS, ("dataset", "settings", "algorithms"))
    at = f"{where}."
    return Entry(
        dataset=_read(values, at, "dataset", fields.text),
        settings=_read(values, at, "settings", _settings),
        algorithms=_read(values, at, "algorithms", _names),
        backbone=_read(values, at, "backbone", fields.text, ""),
        trained_in=_read(values, at, "trained_in", _setting, None),
        common=_read(values, at, "set", fields.mapping, {}),
        own=_read(values, at, "hyperparameters", _own, {}),
        references=_read(values, at, "references", _names, ()),
        where=where,
    )


def _read(
    values: Mapping[str, Any], at: str, key: str, check: Callable[[Any, str], T], *default: T
) -> T:
    """The checked value of a key; of one that is not there, the default."""
    return check(values[key], f"{at}{key}") if key in values or not default else default[0]


def _grid(value: Any, where: str) -> tuple[Entry, ...]:
    if not isinstance(value, list) or not value:
        raise fields.wrong(value, where, "a list of `- dataset: ...` entries is")
    return tuple(_entry(entry, f"{where}[{i}]") for i, entry in enumerate(value))


def _seeds(value: Any, where: str) -> tuple[int, ...]:
    return tuple(fields.items(value, where, fields.whole, "[0, 1, 2]"))


def _settings(value: Any, where: str) -> tuple[Setting, ...]:
    return tuple(fields.items(value, where, _setting, "[5w1s, 5w5s]"))


def _names(value: Any, where: str) -> tuple[str, ...]:
    return tuple(fields.items(value, where, fields.text, "[maml]"))


def _own(value: Any, where: str) -> dict[str, dict[str, Any]]:
    each = fields.mapping(value, where).items()
    return {name: fields.mapping(values, f"{where}.{name}") for name, values in each}


def _setting(value: Any, where: str) -> Setting:
    try:
        return read_setting(value)
    except MetabenchError:
        right = "ways and shots, such as 5w1s, are, or 5s in regression"
        raise fields.wrong(value, where, right) from None


def _entry_as_written(entry: Entry) -> dict[str, Any]:
    written = {
        "dataset": entry.dataset,
        "backbone": entry.backbone,
        "settings": [setting.written for setting in entry.settings],
        "trained_in": entry.trained_in.written if entry.trained_in else "",
        "algorithms": list(entry.algorithms),
        "set": entry.common,
        "hyperparameters": entry.own,
        "references": list(entry.references),
    }
    return {key: value for key, value in written.items() if value}
