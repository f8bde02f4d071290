"""The two files that every run ends in, ``run.json`` and ``predictions.npy``: read and checked.

Whatever is wrong with one of them is a MetabenchError of one line that names the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabench.errors import MetabenchError
from metabench.files.described import read_described
from metabench.files.forms import (
    ANYTHING,
    NUMBERS,
    SETTING,
    TEXT,
    TEXTS,
    WHOLE,
    Forms,
    each_once,
    keyed,
    mapping_of,
)
from metabench.files.whole import read_array

#: In a run's folder as long as its meta-training can go on.
RESUME = "resume.safetensors"

KEY = ["dataset", "way", "shot", "algorithm", "seed"]
#: What scoring needs of ``run.json``, and what tables show where it is there: docs/results.md.
NEEDED: Forms = {
    "study": TEXT,
    **dict.fromkeys(KEY, WHOLE),
    "dataset": TEXT,
    "algorithm": TEXT,
    "task": TEXT,
    "status": TEXT,
    "modes": each_once(TEXT, 'a list of names, each once, such as ["inductive"],'),
    "episodes_sha256": TEXT,
}
SHOWN: Forms = {
    "steps": each_once(WHOLE, "a list of whole numbers, each once, such as [0, 1, 5],"),
    **dict.fromkeys(("title", "backbone", "device", "code", "engine_code"), TEXT),
    **dict.fromkeys(("iterations", "published_iterations", "diverged.iteration"), WHOLE),
    **dict.fromkeys(("subset.classes", "subset.images"), WHOLE),
    "trained_in": SETTING,
    "hyperparameters": mapping_of(ANYTHING, "a mapping of values"),
    "versions": TEXTS,
    "cost": NUMBERS,
}

#: In place of the class of a query: its outputs are no numbers. Wrong, and never right by luck.
NO_ANSWER = -1

Array = NDArray[Any]


def read_run(folder: Path, study: str) -> dict[str, Any]:
    """``run.json`` of a folder, with the keys that scoring needs."""
    path = folder / "run.json"
    run = read_described(path, "predictions.npy", "steps.npy", allowed=SHOWN)
    run.setdefault("modes", ["inductive"])
    keyed(run, path, NEEDED)
    if "steps" not in run and (folder / "steps.npy").exists():
        raise MetabenchError(f"{path}: no 'steps', though there is a steps.npy")
    if run["study"] != study:
        raise MetabenchError(f"{path}: of study '{run['study']}', but '{study}' is reported")
    if run["status"] not in ("finished", "diverged"):
        raise MetabenchError(f"{path}: status '{run['status']}'; finished or diverged")
    return run


def read_episodes(episodes: Path, run: dict[str, Any], folder: Path) -> dict[str, Any]:
    """``episodes.json`` of the test episodes that the run in ``folder`` says it was tested on."""
    described = read_described(
        episodes / "episodes.json", "query_labels.npy", needed={"sha256": TEXT}
    )
    if run["episodes_sha256"] != described["sha256"]:
        raise MetabenchError(
            f"{folder / 'run.json'}: tested on episodes {run['episodes_sha256'][:12]}, but "
            f"{episodes} holds {described['sha256'][:12]}; evaluate the run again"
        )
    return described


def check_predictions(
    path: Path, leading: int, run: dict[str, Any], shape: tuple[int, ...]
) -> Array:
    """The predictions of ``path`` as [leading, *shape], checked.

    Args:
        path: ``predictions.npy`` or ``steps.npy``.
        leading: how many modes or steps the file must have; one may leave its axis out.
        run: content of ``run.json``.
        shape: of the answers to the episodes: [episodes, queries] or [episodes, queries, 1].
    """
    values = read_array(path)
    if leading == 1 and values.shape == shape:
        values = values[None]
    if values.shape != (leading, *shape):
        raise MetabenchError(f"{path}: shape {values.shape}; must be {(leading, *shape)}")
    kind = np.integer if run["task"] == "classification" else np.floating
    if not np.issubdtype(values.dtype, kind):
        need = "whole numbers (int32)" if kind is np.integer else "floating point (float32)"
        raise MetabenchError(f"{path}: elements are {values.dtype}; must be {need}")
    if kind is np.integer:
        lowest, highest = int(values.min()), int(values.max())
        if lowest < NO_ANSWER or highest >= run["way"]:
            wrong = lowest if lowest < NO_ANSWER else highest
            right = f"0 to {run['way'] - 1}, or {NO_ANSWER} for no answer"
            raise MetabenchError(f"{path}: class {wrong}; must be {right}")
    if not answered(values).any():
        what = f"every class is {NO_ANSWER}" if kind is np.integer else "no value is finite"
        raise MetabenchError(f"{path}: {what}, yet the run is 'finished'")
    return values


def answered(predictions: Array) -> Array:
    """Which predictions say something: a class, or a value that is finite."""
    if np.issubdtype(predictions.dtype, np.integer):
        return np.asarray(predictions != NO_ANSWER)
    return np.isfinite(predictions)
