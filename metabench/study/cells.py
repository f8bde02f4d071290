"""One entry of a study's grid: algorithms on a data set in some settings."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from metabench.errors import MetabenchError
from metabench.hyperparameters import Hyperparameters, parse
from metabench.setting import Setting
from metabench.study import fields
from metabench.study.capacity import check_setting, check_training, sizes_of
from metabench.study.catalogue import Algorithm, Catalogue, Dataset
from metabench.study.file import Entry
from metabench.study.lazy import call, class_of, import_lazily, torch_unloaded

Published = dict[str, list[tuple[str, str, str]]]  # key -> (dataset, way, shot) of its rows

CHECKPOINTS = 4  # that a run shortened by a budget has at least, to choose the best of
#: The hyperparameters of every algorithm: of its meta-training.
OF_TRAINING = tuple(field.name for field in dataclasses.fields(Hyperparameters))
_INPUT_SHAPES = {"classification": (1, 28, 28), "regression": (1,)}  # to try a backbone with


@dataclass(frozen=True)
class Cell:
    """An entry of the grid, with what it names.

    Attributes:
        entry: as it is written.
        dataset: what the episodes are drawn from.
        backbone: a name in ``metabench.networks``.
        algorithms: what is compared, by name.
        models: what is meta-trained for that, by name.
    """

    entry: Entry
    dataset: Dataset
    backbone: str
    algorithms: dict[str, Algorithm]
    models: dict[str, Algorithm]


def read_cell(entry: Entry, catalogue: Catalogue, published: Published) -> Cell:
    """Look up what an entry names, and check that all of it goes together.

    Args:
        entry: as it is written.
        catalogue: the algorithms and data sets there are.
        published: the rows that ``references`` may name.

    Raises:
        MetabenchError: naming the key and what would be right.
    """
    where = entry.where
    dataset = catalogue.dataset(entry.dataset, f"{where}.dataset")
    task = dataset.spec.task
    backbone = entry.backbone or dataset.backbone
    network = _network(backbone, task, where if entry.backbone else str(dataset.file))
    sizes = sizes_of(dataset)
    for i, setting in enumerate(entry.settings):
        _check_task(setting, task, f"{where}.settings[{i}]")
        check_setting(setting, dataset, sizes, f"{where}.settings[{i}]")
    _check_trained_in(entry)
    _check_references(entry, published)

    algorithms, models = {}, {}
    for i, name in enumerate(entry.algorithms):
        at = f"{where}.algorithms[{i}]"
        algorithms[name] = _algorithm(name, at, task, catalogue)
        trained = model_name(algorithms[name], dataset)
        model_at = at if trained == name else f"{algorithms[name].file}: model_of"
        models[trained] = _algorithm(trained, model_at, task, catalogue)
        if trained != name:
            _check_model(algorithms[name], models[trained], dataset)
        _check_network(models[trained], network, f"{at}: backbone '{backbone}'")

    cell = Cell(
        entry=entry,
        dataset=dataset,
        backbone=backbone,
        algorithms=algorithms,
        models={name: model for name, model in models.items() if model.algorithm_class},
    )
    _check_own(entry, {**models, **algorithms}, dataset)
    _check_common(entry, {**models, **algorithms})
    for name, algorithm in {**models, **algorithms}.items():
        for one in training_settings(cell):
            resolved = hyperparameters(cell, one, algorithm)
            if algorithm.hyperparameters and name in models:
                check_training(one, resolved, dataset, sizes, f"{where}.algorithms ({name})")
    return cell


def training_settings(cell: Cell) -> tuple[Setting, ...]:
    """The settings that models are meta-trained and validated in."""
    entry = cell.entry
    return (entry.trained_in,) if entry.trained_in else entry.settings


def hyperparameters(cell: Cell, setting: Setting, algorithm: Algorithm) -> dict[str, Any]:
    """All hyperparameters of ``algorithm`` there: what its file says for such a place, under the
    grid's ``set``, under the grid's ``hyperparameters``. The study's budget is not applied here.
    """
    values = algorithm.published(_place(cell, setting))
    if algorithm.hyperparameters is not None:  # `set` is not for external programs
        values |= cell.entry.common
    own = cell.entry.own.get(algorithm.name, {})
    complete = _complete(algorithm, values | own, cell.entry.where)
    model = cell.models.get(model_name(algorithm, cell.dataset))
    if model is None or model.name == algorithm.name:
        return complete
    trained = hyperparameters(cell, setting, model)
    return complete | {name: trained[name] for name in OF_TRAINING}


def published_iterations(cell: Cell, setting: Setting, algorithm: Algorithm) -> int:
    """The meta-iterations of the full protocol, by whatever trains the model.

    0 where nothing does, and where no published length is known. An external program trains nothing
    that is known here.
    """
    model = cell.models.get(model_name(algorithm, cell.dataset), algorithm)
    if not model.has_published_length(_place(cell, setting)):
        return 0
    values = model.published(_place(cell, setting))
    iterations: int = _complete(model, values, cell.entry.where).get("iterations", 0)
    return iterations


def within_budget(values: dict[str, Any], algorithm: Algorithm, budget: float) -> dict[str, Any]:
    """``values`` with a share of the iterations, and of what schedules count in them, rounded up.

    So a short run goes through the whole of its schedule. Validations stay as far apart, unless
    there would be fewer than ``CHECKPOINTS``.
    """
    known = _known(algorithm)
    shortened = (name for name, field in known.items() if field.metadata.get("budgeted"))
    budgeted = ("iterations", *shortened)
    share = Fraction(str(budget))  # as it is written: the float 0.07 * 100 is more than 7
    shorter = {name: math.ceil(share * values[name]) for name in budgeted if name in values}
    if share < 1 and shorter.get("iterations") and "validate_every" in known:
        often = math.ceil(shorter["iterations"] / CHECKPOINTS)
        shorter["validate_every"] = min(values["validate_every"], often)
    return values | shorter


def _place(cell: Cell, setting: Setting) -> dict[str, Any]:
    """What the conditions in an algorithm's file are about: where the model is trained."""
    setting = cell.entry.trained_in or setting
    return {
        "dataset": cell.dataset.spec.name,
        "task": cell.dataset.spec.task,
        "way": setting.way,
        "shot": setting.shot,
        "backbone": cell.backbone,
    }


def _complete(algorithm: Algorithm, values: dict[str, Any], where: str) -> dict[str, Any]:
    """``values`` and the defaults of the algorithm's class; an external program has none."""
    if algorithm.hyperparameters is None:
        return values
    complete = dataclasses.asdict(call(where, parse, algorithm.hyperparameters, values, where))
    # Lists, as JSON gives them back: a specification equals itself after a journey.
    return {k: list(v) if isinstance(v, tuple) else v for k, v in complete.items()}


def _check_task(setting: Setting, task: str, where: str) -> None:
    """Ways are of classification, and two of them at least: of one class, every query is that."""
    if task == "regression" and setting.way > 1:
        raise fields.wrong(setting.written, where, "shots, such as 5s, are")
    if task == "classification" and setting.way == 1:
        raise fields.wrong(setting.written, where, "2 ways or more, such as 5w1s, are")


def _check_trained_in(entry: Entry) -> None:
    """One of the settings, all of one way: a model may have an output for each class."""
    one, where = entry.trained_in, f"{entry.where}.trained_in"
    if one is None:
        return
    if one not in entry.settings:
        raise fields.wrong(one.written, where, "one of the entry's own settings is")
    others = [other for other in entry.settings if other.way != one.way]
    if others:
        raise MetabenchError(
            f"{where}: a model of {one} cannot be tested in {others[0]}; settings of {one.way} "
            "ways are right, the others in an entry of their own"
        )


def _check_references(entry: Entry, published: Published) -> None:
    """Each is the key of published rows, one of them to be shown in a setting here."""
    here = {(entry.dataset, str(way), str(shot)) for way, shot in entry.settings}
    for i, key in enumerate(entry.references):
        where = f"{entry.where}.references[{i}]"
        fields.known(key, where, "published row", published)
        if not here.intersection(published[key]):
            datasets = dict.fromkeys(name for name, _, _ in published[key])
            settings = " or ".join(setting.written for setting in entry.settings)
            tested = f" in {settings}" if entry.dataset in datasets else ""
            raise MetabenchError(
                f"{where}: no row of '{key}' is for {entry.dataset}{tested}, and it would show "
                f"nothing; its rows are for {', '.join(datasets)}: leave it out"
            )


def _algorithm(name: str, where: str, task: str, catalogue: Catalogue) -> Algorithm:
    algorithm = catalogue.algorithm(name, where)
    if task not in algorithm.tasks:
        raise MetabenchError(
            f"{where}: '{name}' is for {' and '.join(algorithm.tasks)}, and the data set here is "
            f"{task}; leave it out"
        )
    return algorithm


def model_name(algorithm: Algorithm, dataset: Dataset) -> str:
    """The algorithm that trains the model: mostly the same."""
    return algorithm.model_of.get(dataset.spec.task, algorithm.name)


def _check_model(algorithm: Algorithm, model: Algorithm, dataset: Dataset) -> None:
    """What an algorithm is tested on must be trained, and from every seed that it runs from."""
    where = f"{algorithm.file}: model_of: '{model.name}'"
    if not model.algorithm_class:
        raise MetabenchError(f"{where} is an external program, of which there is no model")
    other = model_name(model, dataset)
    if other != model.name:
        raise MetabenchError(
            f"{where} is itself tested on the model of '{other}'; one that trains its own is right"
        )
    if algorithm.deterministic != model.deterministic:
        one, rest = ("", " not") if model.deterministic else (" not", "")
        raise MetabenchError(
            f"{where} is{one} deterministic, and '{algorithm.name}' is{rest}: they would run from "
            f"other seeds; `deterministic: {str(model.deterministic).lower()}` is right here"
        )


def _check_own(entry: Entry, algorithms: dict[str, Algorithm], dataset: Dataset) -> None:
    """What is set for one algorithm is known to it, and trains nothing of another."""
    where = f"{entry.where}.hyperparameters"
    fields.keys(entry.own, where, algorithms)
    for name, values in entry.own.items():
        algorithms[name].check(values, f"{where}.{name}")
        model = model_name(algorithms[name], dataset)
        for key in values:
            if model != name and key in OF_TRAINING:
                raise MetabenchError(
                    f"{where}.{name}: '{key}' is of meta-training, and '{name}' is tested on the "
                    f"model of '{model}' here; write it under `{model}`"
                )


def _check_common(entry: Entry, algorithms: dict[str, Algorithm]) -> None:
    """Check what is set for all algorithms; an error says where a key of one of them belongs."""
    common, where = entry.common, entry.where
    if common and not any(algorithm.hyperparameters for algorithm in algorithms.values()):
        raise MetabenchError(
            f"{where}.set: here are external programs alone, and it is not for them; write it "
            f"under hyperparameters: {' and '.join(algorithms)}"
        )
    for name, algorithm in algorithms.items():
        for key, value in common.items() if algorithm.hyperparameters else ():
            try:
                algorithm.check({key: value}, f"{where}.set (for {name})")
            except MetabenchError as error:
                advice = _elsewhere(key, name, algorithms)
                raise MetabenchError(f"{error}{advice}") from None


def _elsewhere(key: str, name: str, algorithms: dict[str, Algorithm]) -> str:
    """The end of an error about a key of `set` that ``name`` refuses: where it can stand."""
    if key == "iterations" and _known(algorithms[name])["iterations"].metadata["most"] == 0:
        return f"; {name} has no meta-training: an entry of its own is right for it"
    having = [other for other, algorithm in algorithms.items() if key in _known(algorithm)]
    if not having or name in having:
        return ""
    only = f"only {having[0]} has" if len(having) == 1 else f"{' and '.join(having)} have"
    return f"; {only} it: write it under hyperparameters: {' and '.join(having)}"


def _known(algorithm: Algorithm) -> dict[str, dataclasses.Field[Any]]:
    """The hyperparameters of an algorithm, by name; none of an external program."""
    known = algorithm.hyperparameters
    return {field.name: field for field in dataclasses.fields(known)} if known else {}


def _network(backbone: str, task: str, where: str) -> Any:
    """The network, built to see that it can be: its own error says what is wrong with its name."""
    networks = import_lazily("metabench.networks.build", where)
    with torch_unloaded():  # the backbone's own module is imported by its name
        return _told(where, networks.build, backbone, _INPUT_SHAPES[task], 1)


def _check_network(algorithm: Algorithm, network: Any, where: str) -> None:
    """An algorithm may need more of a network than its features."""
    if algorithm.algorithm_class:
        _told(where, class_of(algorithm.algorithm_class, where).check_network, network)


def _told(where: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """What the function returns, which is not told ``where``; its errors say it as well."""
    try:
        return call("", function, *arguments)
    except MetabenchError as error:
        raise MetabenchError(f"{where}: {error}") from None
