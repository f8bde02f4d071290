"""A study's file is read in one way, and what is written of it is read as the same study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from metabench.errors import MetabenchError
from metabench.setting import Setting
from metabench.study.file import Entry, StudyFile, as_written, parse_study, read_study

PROJECT = Path(__file__).resolve().parents[2]
STUDIES = [
    *(file for file in PROJECT.glob("config/*.yaml") if "\ngrid:" in file.read_text()),
    *PROJECT.glob("docs/reproduction/*/study.yaml"),
]
FULL = Entry(
    dataset="omniglot",
    settings=(Setting(5, 1), Setting(5, 5)),
    algorithms=("maml", "maml--deep"),
    backbone="conv4-32",
    trained_in=Setting(5, 1),
    common={"iterations": 10},
    own={"maml--deep": {"inner_steps": 3}},
    references=("people",),
)


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: str(file.relative_to(PROJECT)))
def test_what_is_written_of_a_study_is_read_as_the_same(file: Path, tmp_path: Path) -> None:
    study = read_study(file)
    again = tmp_path / "study.yaml"
    again.write_text(yaml.safe_dump(as_written(study)))
    assert read_study(again) == study


def test_so_is_one_that_says_all_that_a_study_may() -> None:
    study = StudyFile("mine", "Mine", (0, 7), (FULL,), budget=0.25, archives="raw")
    assert parse_study(as_written(study), "mine.yaml") == study


def test_what_a_study_does_not_say_is_not_written() -> None:
    bare = StudyFile("mine", "mine", (0,), (Entry("sinusoid", (Setting(1, 5),), ("maml",)),))
    (entry,) = as_written(bare)["grid"]
    assert entry == {"dataset": "sinusoid", "settings": ["5s"], "algorithms": ["maml"]}


def test_a_cell_has_the_algorithms_of_all_entries_in_the_order_of_the_file() -> None:
    other = replace(FULL, settings=(Setting(5, 1),), algorithms=("protonet", "maml"))
    study = StudyFile("mine", "mine", (0,), (FULL, other))
    assert study.cells() == {
        ("omniglot", 5, 1): ["maml", "maml--deep", "protonet"],
        ("omniglot", 5, 5): ["maml", "maml--deep"],
    }


def test_what_an_entry_names_is_not_looked_for() -> None:
    """A report is made of what was run, though its data set is described here no more."""
    entry = {"dataset": "gone", "settings": ["5w1s"], "algorithms": ["gone"]}
    study = parse_study({"study": "old", "seeds": [0], "grid": [entry]}, "old.yaml")
    assert study.grid == (Entry("gone", (Setting(5, 1),), ("gone",)),)


@pytest.mark.parametrize("value", [5, None, "5", ["5w1s"], "5w1s "])
def test_a_setting_that_is_none_is_named_with_its_place(value: object) -> None:
    entry = {"dataset": "glyphs", "settings": ["5w5s", value], "algorithms": ["maml"]}
    with pytest.raises(MetabenchError, match=r"^mine: grid\[0\]\.settings\[1\]: .* is not right"):
        parse_study({"study": "old", "seeds": [0], "grid": [entry]}, "mine")
