"""The files of a report, known before there is a result.

The workflow declares them while it is read, so nothing is imported here that takes long.
"""

from __future__ import annotations

from typing import Any

from metabench.setting import read_setting

TABLE_NAMES = ("summary", "results", "published", "steps", "paired", "comparisons", "ranks", "cost")
TABLE_FORMATS = ("csv", "md", "tex")
FIGURE_FORMATS = ("svg", "png")
FACTS = "facts.json"  # of figures, for their captions
LEAST_SETTINGS, LEAST_ALGORITHMS = 2, 3  # that average ranks are made of


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
    names += [f"accuracy-{name}" for name in images]
    names += [f"error-{name}" for name in regression]
    names += ["ranks"] if can_be_ranked(study) else []
    names += [f"cost-{name}" for name in used]
    names += [f"steps-{name}" for name in used]
    names += [f"training-{name}" for name in used]
    names += [f"episodes-{name}" for name in images]
    return names


def can_be_ranked(study: dict[str, Any]) -> bool:
    """Whether there are settings enough, and algorithms enough that are in all of them."""
    cells = grid_cells(study)
    everywhere = set.intersection(*map(set, cells.values())) if cells else set()
    return len(cells) >= LEAST_SETTINGS and len(everywhere) >= LEAST_ALGORITHMS


def grid_cells(study: dict[str, Any]) -> dict[tuple[str, int, int], list[str]]:
    """The algorithms of each (data set, way, shot) of a study, in the order of its file."""
    cells: dict[tuple[str, int, int], dict[str, None]] = {}
    for entry in study["grid"]:
        for text in entry["settings"]:
            cell = (str(entry["dataset"]), *read_setting(text))
            cells.setdefault(cell, {}).update(dict.fromkeys(entry["algorithms"]))
    return {cell: list(algorithms) for cell, algorithms in cells.items()}
