"""A data set's module, and what a study asks it before any job starts.

It may be anybody's: what it raises, and what it returns that is not what docs/data.md says, is one
line that names the file, the module and its function.
"""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

from metabench.errors import MetabenchError
from metabench.files.forms import shown
from metabench.files.whole import canonical
from metabench.study.lazy import call, import_lazily

NEEDED = {  # of a module, by its data set's task: docs/data.md, "Adding a data set"
    "classification": ("check", "archives", "sizes", "prepare"),
    "regression": ("source",),
}
TASKS = tuple(NEEDED)
RETURNED = {
    "archives": "a list of Archive",
    "sizes": "a dict of Sizes",
    "settings": "a list of (way, shot)",
    "complete": "a dict of what JSON can hold",
}


def implementation(module: str, task: str, where: str) -> ModuleType:
    """The module of a data set, which must have what its task needs."""
    found = import_lazily(module, where)
    lacks = {t: [name for name in NEEDED[t] if not hasattr(found, name)] for t in TASKS}
    if not lacks[task]:
        return found
    others = [f"`task: {other}`" for other in TASKS if not lacks[other]]
    right = " or ".join(others) or "a module as docs/data.md describes it"
    missing = ", ".join(lacks[task])
    raise MetabenchError(f"{where}: {module} has no {missing}, needed for {task}; {right} is right")


def ask(module: str, function: str, where: str, *arguments: Any) -> Any:
    """What the function of that name returns; None where the module has none."""
    asked = getattr(import_lazily(module, where), function, None)
    if asked is None:
        return None
    answer = call(where, asked, *arguments)
    if function in RETURNED and not _fits(function, answer):
        right = f"{RETURNED[function]} is right"
        raise MetabenchError(f"{where}: {module}.{function} returned {shown(answer)}; {right}")
    return answer


def _fits(function: str, answer: Any) -> bool:
    """Whether it is what ``RETURNED`` says."""
    from metabench.datasets.archives import Archive
    from metabench.datasets.store import Sizes

    match function, answer:
        case "archives", [*archives]:
            return all(isinstance(archive, Archive) for archive in archives)
        case "sizes", {**sizes}:
            return all(isinstance(size, Sizes) for size in sizes.values())
        case "settings", [*settings]:
            return all(_is_setting(one) for one in settings)
        case "complete", {**options}:
            return _is_json(options)
    return False


def _is_setting(value: Any) -> bool:
    match value:
        case [int(), int()]:
            return True
    return False


def _is_json(value: Any) -> bool:
    """Whether it is the same after a journey to a job."""
    try:
        return bool(json.loads(canonical(value)) == value)
    except (TypeError, ValueError, RecursionError):
        return False
