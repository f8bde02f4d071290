"""The files of a report, known before there is a result.

The workflow declares them while it is read, so this module imports nothing but the standard
library.
"""

from __future__ import annotations

import re
from typing import Any

from metabench.errors import MetabenchError

TABLE_NAMES = ("summary", "results", "steps", "paired", "cost")
TABLE_FORMATS = ("csv", "md", "tex")
FIGURE_FORMATS = ("svg", "png")


def figure_names(study: dict[str, Any], datasets: dict[str, Any]) -> list[str]:
    """The figures of a study, without their endings (``FIGURE_FORMATS``).

    Args:
        study: the study file's content; ``grid`` names the data sets.
        datasets: by name, at least ``{"task": "classification" or "regression"}``.

    Returns:
        In the order of the page: the scores, and for each data set what can be drawn of it.
    """
    used = list(dict.fromkeys(str(entry["dataset"]) for entry in study["grid"]))
    regression = [name for name in used if datasets[name]["task"] == "regression"]
    images = [name for name in used if name not in regression]
    names = [f"curves-{name}" for name in regression]
    names += ["accuracy"] if images else []
    names += ["error"] if regression else []
    names += [f"steps-{name}" for name in used]
    names += [f"training-{name}" for name in used]
    names += [f"episodes-{name}" for name in images]
    return names


def parse_setting(text: str) -> tuple[int, int]:
    """``5w1s`` as (way 5, shot 1); ``5s``, of regression, as (1, 5)."""
    found = re.fullmatch(r"(?:(\d+)w)?(\d+)s", str(text))
    if not found:
        raise MetabenchError(f"setting '{text}': not understood; write 5w1s, or 5s for regression")
    return int(found[1] or 1), int(found[2])


def grid_cells(study: dict[str, Any]) -> list[tuple[str, int, int]]:
    """(data set, way, shot) of a study in the order of its file, each once."""
    cells = [
        (str(entry["dataset"]), *parse_setting(setting))
        for entry in study["grid"]
        for setting in entry["settings"]
    ]
    return list(dict.fromkeys(cells))
