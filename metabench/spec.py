"""One cell of a study's grid with one seed: everything that a run needs to know.

The workflow hands it to a job as canonical JSON, so that a job is re-run when, and only when,
something in it changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from metabench.files.whole import canonical


@dataclass(frozen=True)
class DataSpec:
    """A data set as its file in ``config/datasets`` describes it."""

    name: str  # the file's name, which results are filed under
    module: str  # the Python module that prepares or samples it
    task: str  # "classification" or "regression"
    options: dict[str, Any] = field(default_factory=dict)  # what the module is told
    within_group: bool = False  # all classes of an episode from one group (one alphabet)


@dataclass(frozen=True)
class RunSpec:
    """One algorithm on one data set in one setting from one seed."""

    study: str
    data: DataSpec
    way: int  # classes of an episode; 1 for regression
    shot: int  # support examples of each class
    algorithm: str  # the name of its file in config/algorithms, and its label: metabench/label.py
    algorithm_class: str  # "package.module:Class"
    seed: int
    backbone: str  # a name in metabench.networks
    hyperparameters: dict[str, Any]
    published_iterations: int  # of the full protocol; `iterations` may be a share of it
    title: str = ""  # of the algorithm, for people
    code: str = ""  # digest of what the algorithm, its network, and functions are written in

    def to_json(self) -> str:
        """Canonical JSON: equal exactly where the specifications are."""
        return canonical({**vars(self), "data": vars(self.data)})

    def identity(self) -> dict[str, Any]:
        """What a result says of the run that it is of."""
        return {
            "study": self.study,
            "dataset": self.data.name,
            "task": self.data.task,
            "way": self.way,
            "shot": self.shot,
            "algorithm": self.algorithm,
            "title": self.title or self.algorithm,
            "seed": self.seed,
            "backbone": self.backbone,
            "hyperparameters": self.hyperparameters,
            "published_iterations": self.published_iterations,
            "code": self.code,
        }

    @staticmethod
    def from_json(text: str) -> RunSpec:
        """The inverse of ``to_json``."""
        values = json.loads(text)
        return RunSpec(**{**values, "data": DataSpec(**values["data"])})
