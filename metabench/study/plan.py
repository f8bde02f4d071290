"""What a study asks for, for people: runs, hours, downloads and disk, before any job starts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metabench.files.config_tables import PROJECT_FOLDER
from metabench.spec import RunSpec
from metabench.study.capacity import sizes_of
from metabench.study.catalogue import Dataset
from metabench.study.config import Study
from metabench.study.data_module import ask
from metabench.study.rates import FILE, Rates, hours, rate_of, read_rates

if TYPE_CHECKING:
    from metabench.datasets.archives import Archive

PREDICTIONS = 19  # arrays of predictions at most: two modes and 17 recorded inner steps


def describe(study: Study, project: Path = PROJECT_FOLDER) -> str:
    """The cells of a study, what each algorithm's training takes, and what is downloaded.

    default: Data made by the program (3 seeds)
      glyphs 5w1s, conv4-32: maml, fomaml, reptile
      ...
      maml: 6 models, 16,500 meta-iterations, 0.0061 hours (AMD EPYC), unknown hours of 3
      ...
      disk: 0.02 GB of images, at most 0.09 GB of predictions
    42 runs, 39 models to train, 61,200 meta-iterations
    """
    count = len(study.asked.seeds)
    lines = [f"{study.name}: {study.asked.title} ({count} seed{'s' * (count > 1)})"]
    cells: dict[str, dict[str, None]] = {}
    for run in study.runs:
        way = f"{run.way}w" if run.data.task == "classification" else ""
        cell = f"{run.data.name} {way}{run.shot}s, {run.backbone}"
        cells.setdefault(cell, {})[run.algorithm] = None
    lines += [f"  {cell}: {', '.join(algorithms)}" for cell, algorithms in cells.items()]
    rates = read_rates(project / FILE)
    lines += [f"  {line}" for line in training(study.models, rates)]
    lines += [f"  {line}" for line in storage(study)]
    iterations = sum(model.hyperparameters["iterations"] for model in study.models)
    lines.append(
        f"{_counted(study.runs, 'run')}, {_counted(study.models, 'model')} to train, "
        f"{iterations:,} meta-iterations"
    )
    return "\n".join(lines)


def training(models: Sequence[RunSpec], rates: Rates) -> Iterable[str]:
    """A line for each algorithm that is trained."""
    by_algorithm: dict[str, list[RunSpec]] = {}
    for model in models:
        by_algorithm.setdefault(model.algorithm, []).append(model)
    for algorithm, ours in by_algorithm.items():
        iterations = sum(model.hyperparameters["iterations"] for model in ours)
        on: dict[str, float] = {}
        unknown = 0
        for model in ours:
            expected, rate = hours(model, rates), rate_of(model, rates)
            if rate and expected:
                on[rate.device] = on.get(rate.device, 0.0) + expected
            unknown += expected is None
        parts = [f"{_number(total)} hours ({device})" for device, total in on.items()]
        if unknown:
            parts.append(f"unknown hours of {'all' if unknown == len(ours) else unknown}")
        models_ = f"{algorithm}: {_counted(ours, 'model')}"
        yield ", ".join([models_, f"{iterations:,} meta-iterations", *parts])


def storage(study: Study) -> Iterable[str]:
    """What is looked for on this machine or downloaded, and what comes to lie on its disk."""
    for archive in archives(study.datasets.values()).values():
        size = f"{archive.size / 1e6:,.1f} MB" if archive.size else "size unknown"
        how = f"downloaded ({size})" if archive.urls else "put there by you: no host has it"
        yield f"{archive.name}: found here, or {how}. Terms: {archive.licence}"
    stored = [d for d in study.datasets.values() if d.spec.task == "classification"]
    images = f"{sum(map(data_bytes, stored)) / 1e9:.2f} GB of images"
    unknown = [d.spec.name for d in stored if not data_bytes(d)]
    if unknown:
        images += f" (beside those of {', '.join(unknown)}, which are known when they are read)"
    answers = sum(
        PREDICTIONS * 4 * e.count * e.queries * (e.way if e.split == "test" else 0)
        for run in study.runs
        for e in study.episodes
        if (e.dataset, e.way, e.shot) == (run.data.name, run.way, run.shot)
    )
    yield f"disk: {images}, at most {answers / 1e9:.2f} GB of predictions"


def check_places(study: Study) -> None:
    """Where raw archives are needed, the folder that the environment names must be there.

    Raises:
        MetabenchError: if it is not. A study that names a folder of its own looks in no other.
    """
    if study.archives is None and archives(study.datasets.values()):
        from metabench.datasets.archives import named_folder

        named_folder()


def archives(datasets: Iterable[Dataset]) -> dict[str, Archive]:
    """The archives of some data sets, by name."""
    found: dict[str, Archive] = {}
    for dataset in datasets:
        spec = dataset.spec
        asked = ask(spec.module, "archives", f"{dataset.file}: module", spec.options)
        found |= {archive.name: archive for archive in asked or []}
    return found


def data_bytes(dataset: Dataset) -> int:
    """What the images of a data set take on disk; 0 where it is not known before they are read."""
    return sum(size.classes * size.per_class * size.pixels for size in sizes_of(dataset).values())


def _counted(things: Sequence[object], noun: str) -> str:
    return f"{len(things)} {noun}{'s' * (len(things) != 1)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
