"""CUB-200-2011: photographs of 200 species of birds, 11,788 in all, at 84x84.

Wah, Branson, Welinder, Perona and Belongie (2011), "The Caltech-UCSD Birds-200-2011 dataset".
Two splits of it are in use, and numbers on one say nothing beside numbers on the other:

``closer-look``: 100 / 50 / 50 species, every second of the sorted folders for training (Chen et
al. 2019, arXiv:1904.04232).

``140``: 140 / 30 / 30 species (Meta-Dataset, learn2learn, easy-few-shot-learning). 29 of the 50
test species of ``closer-look`` are among its training species, 14 of its own 30 test species among
the training species of ``closer-look``.

A photograph is squeezed to 96x96, bilinearly and whatever its shape, and the 84x84 in its middle
are kept, as Chen et al. do in testing. (In training they crop the full photograph at random; here
`augment: crop+flip` crops the 84x84.) Nothing is cropped to the bounding box of the bird.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from metabench.datasets.archives import Archive, Source, open_files
from metabench.datasets.options import FLAG, OneOf, Rule, check_options
from metabench.datasets.photographs import (
    IMAGENET,
    Part,
    Pixels,
    by_class,
    from_files,
    published_classes,
    squeezed,
    write_parts,
)
from metabench.datasets.store import Sizes, sizes_of
from metabench.errors import MetabenchError

SIZE, MARGIN = 84, 6  # pixels: 84 of 96
SPECIES, PHOTOGRAPHS = 200, 11_788
FEWEST = 41  # photographs of a species
META = {
    "licence": "CUB's terms: research and education only",
    "source": "Wah et al. (2011), CUB-200-2011, https://data.caltech.edu/records/65de6-vp158",
}
BIRDS = Archive(
    name="CUB_200_2011.tgz",
    urls=(
        "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz?download=1",
        "https://zenodo.org/record/8000562/files/CUB_200_2011.tgz",
    ),
    size=1_150_585_339,
    checksum="sha256:0c685df5597a8b24909f6a7c9db6d11e008733779a671760afef78feb49bf081",
    content_sha256="",
    licence="research and education only, https://data.caltech.edu/records/65de6-vp158",
    folder="CUB_200_2011",
    suffixes=(".jpg",),
    aliases=("CUB_200_2011.zip", "CUB_200_2011.tar"),
    holds=r"CUB_200_2011/images/\d{3}\.",
)
# Some photographs of some species, for trying things out: a name of its own, so that a study of it
# and one of the whole do not take each other's.
SUBSET = replace(BIRDS, name="CUB_200_2011_subset.zip", urls=(), size=0, checksum="", aliases=())
LISTS = {"closer-look": "cub-closer-look", "140": "cub-140"}

DEFAULTS: dict[str, Any] = {"split": "closer-look", "normalise": False, "subset": False}
RULES: dict[str, Rule] = {"split": OneOf(tuple(LISTS)), "normalise": FLAG, "subset": FLAG}


def check(options: dict[str, Any], where: str) -> None:
    """Refuse options that are unknown or out of range."""
    check_options(options, RULES, where)


def archives(options: dict[str, Any]) -> list[Archive]:
    """What the data set is made from."""
    return [SUBSET if options.get("subset") else BIRDS]


def classes_of(options: dict[str, Any]) -> dict[str, list[str]]:
    """The species of each split."""
    return published_classes(LISTS[{**DEFAULTS, **options}["split"]])


def sizes(options: dict[str, Any]) -> dict[str, Sizes]:
    """What each split holds at least; of a subset nothing is known before it is read."""
    if options.get("subset"):
        return {}
    return {
        split: sizes_of(names, FEWEST, 3 * SIZE**2) for split, names in classes_of(options).items()
    }


def prepare(options: dict[str, Any], sources: dict[str, Source], out: Path) -> None:
    """Write the three splits to ``out``."""
    chosen = {**DEFAULTS, **options}
    meta = {**META, **({"normalise": IMAGENET} if chosen["normalise"] else {})}
    with open_parts(classes_of(options), sources, subset=chosen["subset"]) as (parts, missing):
        for split, part in parts.items():
            write_parts(out / split, [part], (SIZE, SIZE, 3), {**meta, **missing[split]})


@contextmanager
def open_parts(
    classes: dict[str, list[str]], sources: dict[str, Source], *, subset: bool
) -> Iterator[tuple[dict[str, Part], dict[str, dict[str, Any]]]]:
    """The photographs of each split, and what its ``meta.json`` says of what is missing.

    Raises:
        MetabenchError: where the archive is not whole, and no subset is asked for.
    """
    archive = SUBSET if subset else BIRDS
    path = Path(sources[archive.name].path)
    with open_files(archive, path) as files:
        # CUB_200_2011/images/001.Black_footed_Albatross/Black_footed_Albatross_0046_18.jpg
        photographs = [name for name in files.names if name.split("/")[1:2] == ["images"]]
        every = sorted(one for names in classes.values() for one in names)
        found = by_class(photographs, lambda name: name.split("/")[2], every)
        total = sum(len(names) for names in found.values())
        whole = len(found) == SPECIES and total == PHOTOGRAPHS
        if not whole and not subset:
            raise MetabenchError(
                f"{path}: not whole: {len(found)} of {SPECIES} species and {total:,} of "
                f"{PHOTOGRAPHS:,} photographs; put all of it there, or use a data set with the "
                "option `subset: true`"
            )
        parts = {
            split: from_files(
                files, {one: found[one] for one in names if one in found}, resized, str(path)
            )
            for split, names in classes.items()
        }
        missing = {
            split: {} if whole else {"subset_of": {"classes": len(names)}}
            for split, names in classes.items()
        }
        if not all(part.counts for part in parts.values()):
            raise MetabenchError(f"{path}: a split has no photograph at all")
        yield parts, missing


def resized(content: bytes) -> Pixels:
    """A photograph at 84x84."""
    return squeezed(content, SIZE, MARGIN, Image.Resampling.BILINEAR)
