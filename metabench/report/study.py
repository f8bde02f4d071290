"""A study's file, as a report reads it: `metabench check` has read it with all that it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from metabench.errors import MetabenchError
from metabench.setting import Setting, read_setting
from metabench.study import fields
from metabench.study.yaml_file import read_mapping


def read_study(file: Path) -> dict[str, Any]:
    """What the file holds: the study's name, a grid of data sets, settings, algorithms, and more.

    Raises:
        MetabenchError: naming the key that is missing or wrong.
    """
    study = _having(read_mapping(file), str(file), "study", "grid")
    fields.name(study["study"], f"{file}: study")
    fields.items(study["grid"], f"{file}: grid", _entry, "`- dataset: ...`")
    return study


def _entry(value: Any, where: str) -> dict[str, Any]:
    entry = _having(value, where, "dataset", "settings", "algorithms")
    fields.text(entry["dataset"], f"{where}.dataset")
    fields.items(entry["settings"], f"{where}.settings", _setting, "[5w1s]")
    fields.items(entry["algorithms"], f"{where}.algorithms", fields.text, "[maml]")
    return entry


def _setting(value: Any, where: str) -> Setting:
    try:
        return read_setting(value)
    except MetabenchError as error:
        raise MetabenchError(f"{where}: {error}") from None


def _having(value: Any, where: str, *required: str) -> dict[str, Any]:
    return fields.keys(value, where, fields.mapping(value, where), required)
