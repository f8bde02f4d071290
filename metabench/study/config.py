"""A study file: read, checked from end to end before any job starts, and expanded to plain data.

Every mistake is a MetabenchError of one line with the file, the key (``grid[1].settings[0]``) and
what would be right. Nothing here loads torch or pandas: a check takes a fraction of a second.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from metabench.errors import MetabenchError
from metabench.files.config_tables import PROJECT_FOLDER, PUBLISHED, REASONS
from metabench.files.csv_table import read_table
from metabench.setting import Setting
from metabench.sources import source_digest
from metabench.spec import RunSpec
from metabench.study import fields
from metabench.study.catalogue import Algorithm, Catalogue, Dataset
from metabench.study.cells import (
    Cell,
    Published,
    hyperparameters,
    model_name,
    published_iterations,
    read_cell,
    training_settings,
    within_budget,
)
from metabench.study.file import StudyFile, read_study
from metabench.study.lazy import import_lazily

RunKey = tuple[str, int, int, str, int]  # see `run_key`
Digest = Callable[..., str]  # `source_digest`, which no source changes under while a study is read


@dataclass(frozen=True)
class Episodes:
    """A request for one file of fixed episodes."""

    dataset: str
    split: str
    way: int
    shot: int
    count: int
    queries: int  # of each class; of a task in regression
    seed: int


@dataclass(frozen=True)
class Study:
    """A checked study, expanded."""

    file: Path
    asked: StudyFile
    archives: Path | None  # a folder of raw archives
    datasets: dict[str, Dataset]
    algorithms: dict[str, Algorithm]
    episodes: tuple[Episodes, ...]
    models: tuple[RunSpec, ...]  # what is meta-trained
    runs: tuple[RunSpec, ...]  # what is evaluated
    model_of: dict[RunKey, RunKey]  # a run -> the model that it is evaluated on

    @property
    def name(self) -> str:
        """Of its folders."""
        return self.asked.name


def run_key(run: RunSpec) -> RunKey:
    """What tells a run from the others of its study: dataset, way, shot, algorithm, seed."""
    return run.data.name, run.way, run.shot, run.algorithm, run.seed


def load(file: Path, project: Path = PROJECT_FOLDER) -> Study:
    """Read, check and expand a study.

    Args:
        file: the study.
        project: the folder with ``algorithms/``, ``datasets/`` and ``published.csv``. Algorithms
            and data sets beside ``file``, where there are any, come first.

    Raises:
        MetabenchError: naming the file, the key and what would be right.
    """
    asked = read_study(file)
    if not project.is_dir():
        raise MetabenchError(
            f"{file}: no folder {project} here; run metabench in the project's folder, or name its "
            "folder config with --config"
        )
    archives = _folder(asked.archives, f"{file}: archives") if asked.archives else None
    catalogue = Catalogue([file.parent, project], archives)
    published = _published(project / "published.csv")
    read_table(project / "reasons.csv", REASONS)  # which the report needs, when all has been run
    cells = [read_cell(entry, catalogue, published) for entry in asked.grid]
    _refuse_repeats(cells)
    algorithms = {k: v for cell in cells for k, v in {**cell.models, **cell.algorithms}.items()}
    _refuse_namesakes(algorithms.values())
    models: list[tuple[str, RunSpec]] = []  # each with the entry that asks for it
    runs, digest = [], cache(source_digest)
    model_of: dict[RunKey, RunKey] = {}
    for cell in cells:
        trained = _runs(cell, training_settings(cell), cell.models, asked, digest)
        models += [(cell.entry.where, model) for model in trained]
        ours = _runs(cell, cell.entry.settings, cell.algorithms, asked, digest)
        model_of |= {run_key(run): _model_of(run, cell) for run in ours}
        runs += ours
    return Study(
        file=file,
        asked=asked,
        archives=archives,
        datasets={cell.dataset.spec.name: cell.dataset for cell in cells},
        algorithms=algorithms,
        episodes=tuple(dict.fromkeys(request for cell in cells for request in _episodes(cell))),
        models=_distinct(models),
        runs=tuple(runs),
        model_of=model_of,
    )


def _episodes(cell: Cell) -> list[Episodes]:
    """The validation and test episodes of a cell."""
    asked, name = cell.dataset.episodes, cell.dataset.spec.name
    splits = {"val": training_settings(cell), "test": cell.entry.settings}
    return [
        Episodes(
            dataset=name,
            split=split,
            way=setting.way,
            shot=setting.shot,
            count=asked[split],
            queries=cell.dataset.queries(split, setting.shot),
            seed=asked["seed"],
        )
        for split, settings in splits.items()
        for setting in settings
    ]


def _runs(
    cell: Cell,
    settings: Sequence[Setting],
    algorithms: dict[str, Algorithm],
    asked: StudyFile,
    digest: Digest,
) -> list[RunSpec]:
    """Every algorithm in every setting from every seed."""
    runs = []
    codes = {name: _code(algorithm, cell, digest) for name, algorithm in algorithms.items()}
    for setting in settings:
        for name, algorithm in algorithms.items():
            full = hyperparameters(cell, setting, algorithm)
            first = RunSpec(
                study=asked.name,
                data=cell.dataset.spec,
                way=setting.way,
                shot=setting.shot,
                algorithm=name,
                algorithm_class=algorithm.algorithm_class,
                seed=0,
                backbone=cell.backbone,
                hyperparameters=within_budget(full, algorithm, asked.budget),
                published_iterations=published_iterations(cell, setting, algorithm),
                title=algorithm.title,
                code=codes[name],
            )
            runs += [replace(first, seed=seed) for seed in algorithm.seeds(asked.seeds)]
    return runs


def _model_of(run: RunSpec, cell: Cell) -> RunKey:
    """The model that ``run`` is evaluated on: mostly its own."""
    trained = model_name(cell.algorithms[run.algorithm], cell.dataset)
    setting = cell.entry.trained_in or Setting(run.way, run.shot)
    return run.data.name, setting.way, setting.shot, trained, run.seed


def _code(algorithm: Algorithm, cell: Cell, digest: Digest) -> str:
    """The digest of what an algorithm, its network, and functions to learn are written in.

    "" for external programs. Images are no code: they have a digest of their own.
    """
    if not algorithm.algorithm_class:
        return ""
    networks = import_lazily("metabench.networks.build", cell.entry.where)
    module = algorithm.algorithm_class.partition(":")[0]
    data = cell.dataset.spec
    functions = [data.module] if data.task == "regression" else []
    return digest(module, networks.module_of(cell.backbone), *functions)


def _refuse_repeats(cells: Sequence[Cell]) -> None:
    """Two entries for the same runs would write the same files."""
    seen: dict[tuple[str, Setting, str], str] = {}
    for cell in cells:
        where = cell.entry.where
        for setting in cell.entry.settings:
            for algorithm in cell.algorithms:
                key = (cell.dataset.spec.name, setting, algorithm)
                if key in seen:
                    raise MetabenchError(
                        f"{where}: {algorithm} on {key[0]} with {setting} is in {seen[key]} "
                        f"already; keep one, or give the other a label: {algorithm}--other"
                    )
                seen[key] = where.rpartition(": ")[2]


def _refuse_namesakes(algorithms: Iterable[Algorithm]) -> None:
    """Tables and figures call an algorithm by its title."""
    named: dict[str, Algorithm] = {}
    for algorithm in algorithms:
        other = named.setdefault(algorithm.title, algorithm)
        if other is not algorithm:
            raise MetabenchError(
                f"{algorithm.file}: title: '{algorithm.title}' is that of {other.file} too, and "
                "tables could not tell the two apart; give one of them another"
            )


def _distinct(models: Sequence[tuple[str, RunSpec]]) -> tuple[RunSpec, ...]:
    """The models of all cells, those that two cells share once."""
    distinct: dict[RunKey, RunSpec] = {}
    for where, model in models:
        if distinct.setdefault(run_key(model), model) != model:
            raise MetabenchError(
                f"{where}: the model of {model.algorithm} on {model.data.name} is "
                "asked for twice with another network or other hyperparameters; put what shares "
                f"it into one entry, or give the other a label: {model.algorithm}--other"
            )
    return tuple(distinct.values())


def _folder(name: str, where: str) -> Path:
    folder = Path(os.path.expanduser(name))
    if not folder.is_dir():
        here = (
            "" if folder.is_absolute() else f" (from where the command runs: {folder.absolute()})"
        )
        raise fields.wrong(name, where, f"the path of a folder that is there is{here}")
    return folder


def _published(file: Path) -> Published:
    """The published rows that a study may show as references."""
    published: Published = {}
    for row in read_table(file, PUBLISHED):
        for dataset in (row["dataset"], *row["also"].split()):
            place = dataset, row["way"], row["shot"]
            published.setdefault(row["key"], []).append(place)
    return published
