"""What the pages are made from: every algorithm's file, and the docstring of its module."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from metabench.study.catalogue import Algorithm, read_algorithm


@dataclass(frozen=True)
class Described:
    """An algorithm, and where and how its module describes it."""

    algorithm: Algorithm
    source: str  # the module's path, seen from the project's folder
    docstring: str


def read_algorithms(project: Path) -> list[Described]:
    """All of ``config/algorithms``, by name."""
    datasets = [file.stem for file in (project / "config" / "datasets").glob("*.yaml")]
    files = sorted((project / "config" / "algorithms").glob("*.yaml"))
    return [_described(read_algorithm(file, datasets), project) for file in files]


def _described(algorithm: Algorithm, project: Path) -> Described:
    # An external program has no class; the one that is here has a module of its own name.
    module = algorithm.algorithm_class or f"metabench.algorithms.{algorithm.name}"
    source = module.partition(":")[0].replace(".", "/") + ".py"
    tree = ast.parse((project / source).read_text(encoding="utf-8"))
    return Described(algorithm, source, ast.get_docstring(tree) or "")
