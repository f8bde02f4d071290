from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from made_up import png

from metabench.datasets import omniglot
from metabench.datasets.archives import fetch
from metabench.datasets.drawings import characters, ink, resized, turned_alphabets, write_classes
from metabench.datasets.packed import Files
from metabench.datasets.prepare import prepare
from metabench.datasets.store import SPLITS, load_split, verify
from metabench.errors import MetabenchError
from metabench.spec import DataSpec


@pytest.mark.parametrize("name", ["vinyals", "lake", "random"])
def test_a_split_has_every_character_once(name: str) -> None:
    names = omniglot.characters_of(name)
    everything = [character for split in SPLITS for character in names[split]]
    assert len(everything) == len(set(everything)) == 1623
    assert all(names[split] == sorted(names[split]) for split in SPLITS)


def test_vinyals_has_the_published_numbers_of_classes() -> None:
    for options, counts in (({}, (4112, 688, 1692)), ({"rotations": False}, (1028, 172, 423))):
        sizes = omniglot.sizes(options)
        assert tuple(sizes[split].classes for split in SPLITS) == counts


def test_random_has_the_numbers_of_characters_of_maml_and_mixes_alphabets() -> None:
    plan = omniglot.plan({"split": "random"})
    drawn = {split: {drawn.character for drawn in plan[split]} for split in SPLITS}
    assert [len(drawn[split]) for split in SPLITS] == [1100, 100, 423]
    assert [len(plan[split]) for split in SPLITS] == [4400, 400, 1692]
    learned, tested = ({name.split("/")[0] for name in drawn[s]} for s in ("train", "test"))
    assert len(learned & tested) > 40


def test_the_random_split_is_the_same_everywhere_and_for_ever() -> None:
    """Whoever sorts the names by their SHA-256 has it: the first are trained on."""
    names = [name for part in omniglot.characters_of("lake").values() for name in part]
    by_digest = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    assert omniglot.characters_of("random")["train"] == sorted(by_digest[:1100])
    assert by_digest[:2] == ["Malayalam/character06", "Japanese_(katakana)/character22"]


def test_turned_copies_stay_in_the_split_of_their_character() -> None:
    for name in ("vinyals", "lake", "random"):
        plan = omniglot.plan({"split": name})
        parts = [{drawn.character for drawn in plan[split]} for split in SPLITS]
        assert not parts[0] & parts[1]
        assert not (parts[0] | parts[1]) & parts[2]


def test_lake_keeps_alphabets_apart_and_tests_upright() -> None:
    plan = omniglot.plan({"split": "lake"})
    alphabets = [{drawn.character.split("/")[0] for drawn in plan[split]} for split in SPLITS]
    assert [len(part) for part in alphabets] == [25, 5, 20]
    assert len(set.union(*alphabets)) == 50
    assert {drawn.degrees for drawn in plan["train"]} == {0, 90, 180, 270}
    assert {drawn.degrees for drawn in plan["val"] + plan["test"]} == {0}
    assert len(plan["test"]) == 659


def test_lake_turns_make_new_alphabets_and_vinyals_new_characters() -> None:
    lake = {drawn.name for drawn in omniglot.plan({"split": "lake"})["train"]}
    assert {"Latin/character01", "Latin-rot270/character01"} <= lake
    vinyals = {drawn.name for drawn in omniglot.plan({})["test"]}
    assert "Gurmukhi/character42/rot090" in vinyals


def test_ink_is_white_and_edges_are_grey() -> None:
    drawing = png(0)
    assert ink(drawing).shape == (105, 105)
    assert set(np.unique(ink(drawing))) == {0, 1}
    small = resized(drawing, 28)
    # One-bit images resized as such keep two values: the filter would have been ignored.
    assert len(np.unique(small)) > 50
    assert abs(small.mean() / 255 - ink(drawing).mean()) < 0.02


def test_all_drawings_of_a_class_are_turned_alike(tmp_path: Path) -> None:
    contents = {f"x/Latin/character01/{d}.png": png(d) for d in (1, 2, 3)}
    drawings = characters(Files(sorted(contents), contents.__getitem__), 28)
    classes = turned_alphabets(["Latin/character01"], (0, 90, 180, 270))
    write_classes(tmp_path / "x" / "train", classes, drawings)
    split = load_split(tmp_path / "x" / "train")
    assert split.classes == tuple(
        f"Latin{turn}/character01" for turn in ("", "-rot090", "-rot180", "-rot270")
    )
    upright = split.images[:3, ..., 0]
    for quarter in range(4):
        for drawing in range(3):
            image = split.images[3 * quarter + drawing, ..., 0]
            assert np.array_equal(image, np.rot90(upright[drawing], quarter))


def test_a_wrong_split_is_named() -> None:
    right = "x.yaml: 'split' is 'vinyls'; one of vinyals, lake, random"
    with pytest.raises(MetabenchError, match=right):
        omniglot.check({"split": "vinyls"}, "x.yaml")
    with pytest.raises(MetabenchError, match="'rotations' is 1; one of true, false"):
        omniglot.check({"rotations": 1}, "x.yaml")


@pytest.mark.data
def test_the_whole_of_omniglot(raw_data: Path, tmp_path: Path) -> None:
    """The digests are of pixels and names: any copy of Omniglot must give these."""
    sources = [tmp_path / f"{archive.name}.json" for archive in omniglot.archives({})]
    for archive, out in zip(omniglot.archives({}), sources, strict=True):
        fetch(archive, raw_data, out)
    spec = DataSpec("omniglot", "metabench.datasets.omniglot", "classification")
    prepare(spec, sources, tmp_path / "omniglot")
    digests = {
        "train": "1073f3340bd87a24969570c0ded658f339c20a2ecb2754ad8b1fe2061b014446",
        "val": "5d5d15e04ff9200ae9b393905c3c2aa116c4e601bf1ab6a7542c78ed909ae56b",
        "test": "7f6ee3a3559d00aade34f00d832dee567d8ba4c3cff13ac1c747aeac7a4dfd3c",
    }
    for split, known in omniglot.sizes({}).items():
        assert verify(tmp_path / "omniglot" / split) == digests[split]
        made = load_split(tmp_path / "omniglot" / split)
        assert len(made.classes) == known.classes
        assert np.array_equal(np.bincount(made.labels), np.full(known.classes, known.per_class))
        assert max(map(len, made.groups().values())) == known.largest_group
