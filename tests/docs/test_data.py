"""The numbers that the pages state of data sets and of predictions are those of the code."""

from __future__ import annotations

import re

import pytest
from documents import PROJECT

from metabench.datasets.store import SPLITS, Sizes
from metabench.learning.meta_testing import RECORDED
from metabench.study.capacity import sizes_of
from metabench.study.catalogue import Catalogue

CATALOGUE = Catalogue([PROJECT / "config"])
TABLE = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|", re.M)
STATED = {
    name: (classes, images)
    for names, classes, images in TABLE.findall((PROJECT / "docs/data.md").read_text("utf-8"))
    for name in re.findall(r"\w+", names)
}


def of_each(sizes: dict[str, Sizes]) -> str:
    """Images that every class has: in all splits, or in the first and where there are others."""
    train, val, test = (sizes[split].per_class for split in SPLITS)
    if train == val == test:
        return f"{train}"
    return f"{train}; {val}" if val == test else f"{train}; test {test}"


def test_every_data_set_but_those_of_the_smoke_test_is_in_the_table() -> None:
    files = [file.stem for file in (PROJECT / "config/datasets").glob("*.yaml")]
    assert sorted(STATED) == sorted(name for name in files if not name.endswith("_smoke"))


@pytest.mark.parametrize("name", STATED)
def test_the_table_has_the_classes_and_images_of_each_split(name: str) -> None:
    file = PROJECT / "config/datasets" / f"{name}.yaml"
    sizes = sizes_of(CATALOGUE.dataset(name, str(file)))
    classes = " / ".join(f"{sizes[split].classes:,}" for split in SPLITS) if sizes else "-"
    images = of_each(sizes) if sizes else "-"
    stated = STATED[name]
    assert (stated[0], stated[1].replace(" or more", "")) == (classes, images)


def test_the_inner_steps_recorded_are_those_that_the_page_says() -> None:
    page = " ".join((PROJECT / "docs/results.md").read_text(encoding="utf-8").split())
    said = re.search(r"Inner steps recorded are 0 to (\d+), ([\d, ]+) and (\d+), as far", page)
    assert said
    others = [int(number) for number in said[2].split(", ")]
    assert (*range(int(said[1]) + 1), *others, int(said[3])) == RECORDED
