"""From miniImageNet to CUB: everyday things to learn from, birds to be tested on.

The cross-domain setting of Chen et al. (2019), "A closer look at few-shot classification",
arXiv:1904.04232: training on all 100 classes of miniImageNet (its training, validation and test
classes together), validation on the 50 validation species of CUB, testing on its 50 test species,
in the split ``closer-look``. For images and their sizes see ``miniimagenet`` and ``cub``.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from metabench.datasets import cub, miniimagenet
from metabench.datasets.archives import Archive, Source
from metabench.datasets.options import FLAG, Rule, check_options
from metabench.datasets.photographs import (
    IMAGENET,
    check_whole,
    published_classes,
    write_parts,
)
from metabench.datasets.store import SPLITS, Sizes, sizes_of

META = {
    "licence": f"{miniimagenet.META['licence']}; {cub.META['licence']}",
    "source": f"{miniimagenet.META['source']}; {cub.META['source']}",
}

DEFAULTS: dict[str, Any] = {"normalise": False, "subset": False}
RULES: dict[str, Rule] = {"normalise": FLAG, "subset": FLAG}


def check(options: dict[str, Any], where: str) -> None:
    """Refuse options that are unknown or out of range."""
    check_options(options, RULES, where)


def archives(options: dict[str, Any]) -> list[Archive]:
    """What the data set is made from."""
    subset = {"subset": {**DEFAULTS, **options}["subset"]}
    return [*miniimagenet.archives(subset), *cub.archives(subset)]


def classes_of() -> dict[str, list[str]]:
    """The classes of each split."""
    things, birds = published_classes(miniimagenet.RAVI), cub.classes_of({})
    every = sorted(one for names in things.values() for one in names)
    return {"train": every, "val": birds["val"], "test": birds["test"]}


def sizes(options: dict[str, Any]) -> dict[str, Sizes]:
    """What each split holds at least; of a subset nothing is known before it is read."""
    if options.get("subset"):
        return {}
    fewest = {"train": miniimagenet.PER_CLASS, "val": cub.FEWEST, "test": cub.FEWEST}
    return {
        split: sizes_of(names, fewest[split], 3 * cub.SIZE**2)
        for split, names in classes_of().items()
    }


def prepare(options: dict[str, Any], sources: dict[str, Source], out: Path) -> None:
    """Write the three splits to ``out``."""
    chosen = {**DEFAULTS, **options}
    meta = {**META, **({"normalise": IMAGENET} if chosen["normalise"] else {})}
    shape = (miniimagenet.SIZE, miniimagenet.SIZE, 3)
    with ExitStack() as stack:
        things = [stack.enter_context(miniimagenet.open_part(s, sources)) for s in SPLITS]
        every = classes_of()["train"]
        lacks = check_whole(things, every, miniimagenet.PER_CLASS, subset=chosen["subset"])
        write_parts(out / "train", things, shape, {**meta, **lacks})
    with cub.open_parts(cub.classes_of({}), sources, subset=chosen["subset"]) as (birds, missing):
        for split in ("val", "test"):
            write_parts(out / split, [birds[split]], shape, {**meta, **missing[split]})
