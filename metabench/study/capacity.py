"""What the data cannot serve is refused before anything is prepared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metabench.errors import MetabenchError
from metabench.setting import Setting
from metabench.study.catalogue import Dataset
from metabench.study.data_module import ask

if TYPE_CHECKING:
    from metabench.datasets.store import Sizes


MOST = 10**9  # examples that are held at once: no machine holds more


def sizes_of(dataset: Dataset) -> dict[str, Sizes]:
    """The sizes of the splits of an image data set; nothing for tasks that are drawn for ever."""
    spec = dataset.spec
    sizes: dict[str, Sizes] | None = ask(
        spec.module, "sizes", f"{dataset.file}: module", spec.options
    )
    return sizes or {}


def given_settings(dataset: Dataset) -> list[Setting]:
    """The only settings there are of a data set with test episodes of its own; otherwise none."""
    spec = dataset.spec
    given = ask(spec.module, "settings", f"{dataset.file}: module", spec.options)
    return [Setting(way, shot) for way, shot in given or []]


def check_setting(setting: Setting, dataset: Dataset, sizes: dict[str, Sizes], where: str) -> None:
    """Check that validation and test episodes of ``setting`` can be drawn, or are given."""
    given = given_settings(dataset)
    if given and setting not in given:
        raise MetabenchError(
            f"{where}: {setting} cannot be drawn: {dataset.spec.name} comes with its own test "
            f"episodes; {' or '.join(map(str, given))} is right"
        )
    for split in ("val", "test"):
        queries = dataset.queries(split, setting.shot)
        said = f"{split}_queries of {dataset.file}"
        _check(split, setting.way, setting.shot, queries, said, dataset, sizes, where)
        examples = dataset.episodes[split] * setting.way * (setting.shot + queries)
        _refuse_endless(examples, f"the {split} episodes of {dataset.file}", where)


def check_training(
    setting: Setting, values: dict[str, Any], dataset: Dataset, sizes: dict[str, Sizes], where: str
) -> None:
    """Check that the training episodes that an algorithm asks for can be drawn."""
    if values["augment"] != "none" and dataset.spec.task == "regression":
        raise MetabenchError(
            f"{where}: 'augment' is {values['augment']!r}, and {dataset.spec.name} has no images; "
            "none is right"
        )
    if not values["iterations"]:
        return
    way = values.get("train_way") or setting.way
    shot = values["train_shot"] or setting.shot
    _check("train", way, shot, values["train_query"], "train_query", dataset, sizes, where)
    examples = values["meta_batch"] * way * (shot + values["train_query"])
    _refuse_endless(examples, "a meta-iteration", where)


def _refuse_endless(examples: int, of: str, where: str) -> None:
    if examples > MOST:
        raise MetabenchError(f"{where}: {examples:,} examples in {of}; at most {MOST:,} are right")


def _check(
    split: str,
    way: int,
    shot: int,
    queries: int,
    said: str,
    dataset: Dataset,
    sizes: dict[str, Sizes],
    where: str,
) -> None:
    if split not in sizes:
        return
    name, has = dataset.spec.name, sizes[split]
    most = has.largest_group if dataset.spec.within_group else has.classes
    of = "the largest group of its classes" if dataset.spec.within_group else "its classes"
    if way > most:
        raise MetabenchError(
            f"{where}: {way} ways are more than the {most} of {of} in the {split} split of {name}; "
            f"at most {most} ways are right"
        )
    if shot + queries > has.per_class:
        raise MetabenchError(
            f"{where}: {shot} shots and {queries} queries ({said}) are more than the "
            f"{has.per_class} images of {has.fewest or 'a class'} in the {split} split of {name}; "
            f"{has.per_class} together are right"
        )
