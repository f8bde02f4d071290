"""The files of a report, known before there is a result.

The workflow declares them while it is read, so nothing is imported here that takes long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from metabench.study.file import StudyFile

TABLE_NAMES = ("summary", "results", "published", "steps", "paired", "comparisons", "ranks", "cost")
TABLE_FORMATS = ("csv", "md", "tex")
FIGURE_FORMATS = ("svg", "png")
FACTS = "facts.json"  # of figures, for their captions
LEAST_SETTINGS, LEAST_ALGORITHMS = 2, 3  # that average ranks are made of


def figure_names(study: StudyFile, tasks: Mapping[str, str]) -> list[str]:
    """The figures of a study, without their endings (``FIGURE_FORMATS``).

    Args:
        study: what is asked for.
        tasks: of the data sets that there is something of, "classification" or "regression";
            there is no figure of another.

    Returns:
        In the order of the page: the scores, and for each data set what can be drawn of it.
    """
    there = replace(study, grid=tuple(entry for entry in study.grid if entry.dataset in tasks))
    used = list(dict.fromkeys(entry.dataset for entry in there.grid))
    regression = [name for name in used if tasks[name] == "regression"]
    images = [name for name in used if name not in regression]
    names = [f"curves-{name}" for name in regression]
    names += [f"accuracy-{name}" for name in images]
    names += [f"error-{name}" for name in regression]
    names += ["ranks"] if can_be_ranked(there) else []
    names += [f"cost-{name}" for name in used]
    names += [f"steps-{name}" for name in used]
    names += [f"training-{name}" for name in used]
    names += [f"episodes-{name}" for name in images]
    return names


def can_be_ranked(study: StudyFile) -> bool:
    """Whether there are settings enough, and algorithms enough that are in all of them."""
    cells = study.cells().values()
    everywhere = set.intersection(*map(set, cells)) if cells else set()
    return len(cells) >= LEAST_SETTINGS and len(everywhere) >= LEAST_ALGORITHMS
