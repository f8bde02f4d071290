"""How far a meta-training is: ``history.csv`` as it grows, and the file to resume from."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from metabench.errors import MetabenchError
from metabench.files.whole import canonical, write_text
from metabench.learning.engine import Plan
from metabench.learning.params import load_sealed, save_sealed
from metabench.spec import RunSpec
from metabench.trees import Params

Origin = dict[str, Any]  # of ``origin``

COLUMNS = ("iteration", "seconds", "loss", "accuracy", "val_loss", "val_score")
PARTS = ("phi", "outer", "best")


@dataclass
class Progress:
    """All that a resume file holds beside tensors and the plan."""

    iteration: int = 0
    seconds: float = 0.0
    best_iteration: int = 0
    best_score: float | None = None
    history: list[dict[str, float]] = field(default_factory=list)
    diverged: dict[str, Any] | None = None
    joules: float | None = 0.0  # None where it is not known

    def write_history(self, file: Path) -> None:
        """history.csv as far as it goes; what an algorithm alone logs has the last columns."""
        columns = dict.fromkeys([*COLUMNS, *(name for row in self.history for name in row)])
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        for row in self.history:
            writer.writerow({name: format_number(row.get(name)) for name in columns})
        write_text(file, text.getvalue())


@dataclass(frozen=True)
class State:
    """All that the rest of a run depends on.

    Attributes:
        progress: how far it is.
        plan: how it computes, and what was measured for that.
        phi: the parameters.
        outer: the outer optimiser's own tensors.
        best: the parameters that did best on validation so far.
    """

    progress: Progress
    plan: tuple[Plan, dict[str, float]]
    phi: Params
    outer: Params
    best: Params


def origin(spec: RunSpec, data: str, episodes: str) -> Origin:
    """What a training is of: all that tells it from another one.

    Args:
        spec: the run.
        data: the digest of the training split; "" for functions, whose code is in ``spec``.
        episodes: the digest of the validation episodes, which choose the checkpoint.
    """
    return {**json.loads(spec.to_json()), "data_sha256": data, "val_episodes_sha256": episodes}


def save_state(file: Path, of: Origin, state: State) -> None:
    """Write a resume file: whole, or not at all."""
    plan, measured = state.plan
    about = {
        "of": canonical(of),
        "progress": json.dumps(vars(state.progress)),
        "plan": json.dumps([asdict(plan), measured]),
    }
    parts = {part: getattr(state, part) for part in PARTS}
    tensors = {f"{part}.{name}": t for part, named in parts.items() for name, t in named.items()}
    save_sealed(file, tensors, about)


def load_state(file: Path, of: Origin, device: torch.device) -> State | None:
    """What a resume file holds; None where it is damaged or of another training or version."""
    try:
        tensors, about = load_sealed(file, device)
        if about["of"] == canonical(of):
            return _unpacked(tensors, about)
        other = " and ".join(differing(json.loads(about["of"]), of))
        why = f"{file}: a training of other {other}"
    except MetabenchError as error:
        why = str(error)
    except (AttributeError, KeyError, TypeError, ValueError):  # it holds something else
        why = f"{file}: of another version of metabench"
    tqdm.write(f"{why}; begins anew")
    return None


def _unpacked(tensors: Params, about: dict[str, str]) -> State:
    """The inverse of what ``save_state`` packs."""
    parts: dict[str, Params] = {part: {} for part in PARTS}
    for key, value in tensors.items():
        part, _, name = key.partition(".")
        parts[part][name] = value
    plan, measured = json.loads(about["plan"])
    return State(Progress(**json.loads(about["progress"])), (Plan(**plan), measured), **parts)


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The keys, sorted, in which two of them differ."""
    return sorted(key for key in {*one, *other} if one.get(key) != other.get(key))


def format_number(value: float | None) -> str:
    """As short as six significant digits allow; nothing where there is no number."""
    if value is None:
        return ""
    return str(int(value)) if math.isfinite(value) and value == int(value) else f"{value:.6g}"
