"""One's own images: a folder of made-up ones, every way to divide them, and what is refused."""

from __future__ import annotations

import io
import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up import tarred, write_tar, write_zip
from PIL import Image

from metabench.cli import main
from metabench.datasets import image_folder
from metabench.datasets.archives import fetch
from metabench.datasets.contents import SHOWN
from metabench.datasets.prepare import prepare
from metabench.datasets.store import SPLITS, load_split, verify
from metabench.errors import MetabenchError
from metabench.spec import DataSpec
from metabench.study.config import load

SIZE = 8
DIVIDED = {"train": ["ant", "bee", "cow"], "val": ["dog", "elk"], "test": ["fox", "gnu"]}
CLASSES = [one for names in DIVIDED.values() for one in names]
STUDY = """\
study: mine
archives: {folder}
seeds: [0]
grid:
  - dataset: animals
    settings: [2w1s]
    algorithms: [protonet]
    set: {{iterations: 2, train_way: 2, train_query: 2}}
"""
DATASET = """\
module: metabench.datasets.image_folder
task: classification
title: Animals
options: {options}
backbone: conv4-8
episodes: {{seed: 0, test: 3, test_queries: 2, val: 3, val_queries: 2}}
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METABENCH_CACHE", str(tmp_path / "cache"))


def encoded(pixels: np.ndarray, kind: str = "PNG", **saved: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format=kind, **saved)
    return stream.getvalue()


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)


def flat() -> dict[str, bytes]:
    """Four images of each class, by path."""
    return {
        f"animals/{one}/{i}.png": encoded(picture(10 * c + i))
        for c, one in enumerate(CLASSES)
        for i in range(4)
    }


def in_splits() -> dict[str, bytes]:
    """The same, the classes in the folders of their splits."""
    split_of = {one: split for split, names in DIVIDED.items() for one in names}
    return {
        name.replace("animals/", f"animals/{split_of[name.split('/')[1]]}/"): content
        for name, content in flat().items()
    }


def in_groups(number: int) -> dict[str, bytes]:
    """Groups of three classes: ``animals/g0/ant`` and so on."""
    return {
        f"animals/g{g}/{one}/{i}.png": encoded(picture(100 * g + 10 * c + i))
        for g in range(number)
        for c, one in enumerate(CLASSES[:3])
        for i in range(4)
    }


def write_folder(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def completed(folder: Path | None, within_group: bool = False, **options: Any) -> dict[str, Any]:
    """The options of a file, checked and completed as a study does it."""
    given = {"images": "animals", "size": SIZE, **options}
    image_folder.check(given, "animals.yaml: options")
    return image_folder.complete(given, within_group, folder, "animals.yaml: options")


def made(folder: Path, out: Path, within_group: bool = False, **options: Any) -> Path:
    """The data set of the images in ``folder``."""
    whole = json.loads(json.dumps(completed(folder, within_group, **options)))
    (archive,) = image_folder.archives(whole)
    fetch(archive, folder, out / "source.json")
    spec = DataSpec("animals", image_folder.__name__, "classification", whole)
    prepare(spec, [out / "source.json"], out / "animals")
    for split in SPLITS:
        verify(out / "animals" / split)
    return out / "animals"


def classes_in(data: Path) -> dict[str, list[str]]:
    return {split: list(load_split(data / split).classes) for split in SPLITS}


def study_in(folder: Path, options: dict[str, Any] | None = None) -> Path:
    """A study beside the data set's file, which looks for images in ``folder``."""
    (folder / "datasets").mkdir(exist_ok=True)
    given = json.dumps({"images": "animals", "size": 16, **(options or {})})
    (folder / "datasets" / "animals.yaml").write_text(DATASET.format(options=given))
    (folder / "study.yaml").write_text(STUDY.format(folder=folder))
    return folder / "study.yaml"


# Images


def test_pixels_are_those_of_the_files_in_sorted_order(tmp_path: Path) -> None:
    data = made(write_folder(tmp_path, in_splits()), tmp_path / "out")
    for split, names in DIVIDED.items():
        images = load_split(data / split).images
        expected = [picture(10 * CLASSES.index(one) + i) for one in names for i in range(4)]
        np.testing.assert_array_equal(images, expected)


def test_a_folder_a_zip_and_a_tar_are_one_data_set(tmp_path: Path) -> None:
    write_folder(tmp_path / "a", in_splits())
    write_zip(tmp_path / "b" / "animals.zip", in_splits())
    write_tar(tmp_path / "c" / "animals.tar.gz", dict(reversed(in_splits().items())))
    bare = {name.removeprefix("animals/"): content for name, content in in_splits().items()}
    write_zip(tmp_path / "d" / "animals.zip", bare)
    names = {"a": "animals", "b": "animals.zip", "c": "animals.tar.gz", "d": "animals.zip"}
    digests = set()
    for place, images in names.items():
        data = made(tmp_path / place, tmp_path / place / "out", images=images)
        digests.add(tuple(verify(data / split) for split in SPLITS))
        digests.add(completed(tmp_path / place, images=images)["found"]["sha256"])
    assert len(digests) == 2


def test_the_square_in_the_middle_is_kept_or_all_is_squeezed() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    cropped = image_folder.pixels_of(encoded(pixels), 20, 3, "crop")
    np.testing.assert_array_equal(cropped, pixels[:, 5:25])
    squeezed = image_folder.pixels_of(encoded(pixels), 10, 3, "squeeze")
    np.testing.assert_array_equal(squeezed, image.resize((10, 10), Image.Resampling.LANCZOS))


def test_grey_images_have_one_channel_and_colours_three() -> None:
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    np.testing.assert_array_equal(
        image_folder.pixels_of(encoded(grey), 8, 1, "crop"), grey[..., None]
    )
    three = image_folder.pixels_of(encoded(grey), 8, 3, "crop")
    np.testing.assert_array_equal(three, np.repeat(grey[..., None], 3, axis=2))


def test_what_is_transparent_is_white() -> None:
    pixels = np.zeros((8, 8, 4), dtype=np.uint8)
    pixels[:4, :, 3] = 255
    shown = image_folder.pixels_of(encoded(pixels), 8, 1, "crop")[..., 0]
    assert (shown[:4] == 0).all()
    assert (shown[4:] == 255).all()


def test_a_photograph_is_turned_as_its_camera_says() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held on its side
    content = encoded(picture(0), "PNG", exif=turned)
    expected = np.rot90(picture(0), -1)
    np.testing.assert_array_equal(image_folder.pixels_of(content, SIZE, 3, "crop"), expected)


def test_hidden_files_and_notes_beside_the_classes_do_not_count(tmp_path: Path) -> None:
    files = in_splits()
    plain = completed(write_folder(tmp_path / "a", files))
    hidden = {
        "animals/licence.txt": b"mine",
        "animals/train/.DS_Store": b"x",
        "animals/train/ant/Thumbs.db": b"x",
    }
    more = completed(write_folder(tmp_path / "b", {**files, **hidden}))
    assert more == plain


def test_a_class_may_have_the_name_of_the_folder(tmp_path: Path) -> None:
    files = {name.replace("/ant/", "/animals/"): content for name, content in flat().items()}
    lists = {**DIVIDED, "train": ["animals", "bee", "cow"]}
    data = made(write_folder(tmp_path, files), tmp_path / "out", classes=lists)
    assert classes_in(data) == lists


# Splits


def test_listed_classes_are_divided_as_listed(tmp_path: Path) -> None:
    lists = {**DIVIDED, "train": ["ant", "bee"], "left_out": ["cow"]}
    data = made(write_folder(tmp_path, flat()), tmp_path / "out", classes=lists)
    assert classes_in(data) == {split: lists[split] for split in SPLITS}


def test_shares_divide_all_classes_into_disjoint_splits_by_the_seed(tmp_path: Path) -> None:
    write_folder(tmp_path, flat())
    found = []
    for seed in range(3):
        shares = {"val": 0.3, "test": 0.3, "seed": seed}
        data = made(tmp_path, tmp_path / f"out{seed}", divide=shares)
        splits = classes_in(data)
        assert [len(splits[split]) for split in SPLITS] == [3, 2, 2]
        assert sorted(one for names in splits.values() for one in names) == CLASSES
        found.append(splits)
    assert found[0] != found[1] or found[0] != found[2]
    assert found[0] == classes_in(
        made(tmp_path, tmp_path / "again", divide={"val": 0.3, "test": 0.3})
    )


def test_shares_divide_whole_groups_where_episodes_lie_within_one(tmp_path: Path) -> None:
    """Otherwise characters of every alphabet would be trained, validated and tested on."""
    write_folder(tmp_path, in_groups(5))
    shares = {"val": 0.2, "test": 0.2}
    whole = classes_in(made(tmp_path, tmp_path / "whole", within_group=True, divide=shares))
    groups = {split: {one.split("/")[0] for one in names} for split, names in whole.items()}
    assert [len(groups[split]) for split in SPLITS] == [3, 1, 1]
    assert len(set().union(*groups.values())) == 5
    assert all(len(whole[split]) == 3 * len(groups[split]) for split in SPLITS)
    classes = classes_in(made(tmp_path, tmp_path / "classes", divide=shares))
    assert [len(classes[split]) for split in SPLITS] == [9, 3, 3]
    assert len({one.split("/")[0] for one in (*classes["val"], *classes["test"])}) > 2


def test_classes_without_a_group_are_divided_alike_within_groups_and_not(tmp_path: Path) -> None:
    write_folder(tmp_path, flat())
    shares = {"val": 0.3, "test": 0.3}
    found = [completed(tmp_path, within, divide=shares)["found"] for within in (True, False)]
    assert all(found[0][split] == found[1][split] for split in SPLITS)


@pytest.mark.parametrize(("number", "share"), [(2, 0.2), (4, 0.1)])
def test_too_few_groups_for_the_shares_are_an_error(
    number: int, share: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folder(tmp_path, in_groups(number))
    shares = {"val": share, "test": share}
    assert completed(tmp_path, divide=shares)["found"]["train"]
    study = study_in(tmp_path, {"divide": shares})
    with (tmp_path / "datasets" / "animals.yaml").open("a") as file:
        file.write("within_group: true\n")
    assert main(["check", str(study)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"animals: of its {number} whole groups (within_group) none is left for" in line
    assert "; other shares in 'divide', or more of them, are right" in line


def test_folders_of_classes_are_groups(tmp_path: Path) -> None:
    files = {
        name.replace(f"/{split}/", f"/{split}/kind-{split}/"): content
        for name, content in in_splits().items()
        for split in [name.split("/")[1]]
    }
    data = made(write_folder(tmp_path, files), tmp_path / "out")
    assert load_split(data / "train").groups() == {"kind-train": [0, 1, 2]}
    assert image_folder.sizes(completed(tmp_path))["train"].largest_group == 3


# What is known when a study is read


def test_sizes_are_those_of_the_class_with_the_fewest_images(tmp_path: Path) -> None:
    files = in_splits()
    del files["animals/val/elk/3.png"]
    sizes = image_folder.sizes(completed(write_folder(tmp_path, files)))
    assert asdict(sizes["val"]) == {
        "classes": 2,
        "per_class": 3,
        "largest_group": 1,
        "pixels": 3 * SIZE**2,
        "fewest": "elk",
    }
    assert sizes["train"].per_class == 4


@pytest.mark.parametrize("packed", [False, True])
def test_a_changed_image_is_another_data_set_whatever_its_time_says(
    tmp_path: Path, packed: bool
) -> None:
    images = "animals.zip" if packed else "animals"
    name = "animals/train/ant/0.png"
    changed = encoded(picture(0)[::-1])
    digests, data = [], []
    for i, content in enumerate([encoded(picture(0)), changed]):
        files = {**in_splits(), name: content}
        if packed:
            write_zip(tmp_path / images, files)
        else:
            write_folder(tmp_path, {name: content} if i else files)
            os.utime(tmp_path / name, ns=(0, 0))
        digests.append(completed(tmp_path, images=images)["found"]["sha256"])
        data.append(verify(made(tmp_path, tmp_path / f"out{i}", images=images) / "train"))
    assert digests[0] != digests[1]
    assert data[0] != data[1]


def test_an_image_is_read_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path, in_splits())
    seen: list[str] = []
    monkeypatch.setattr(image_folder, "_look", lambda where, name, content: seen.append(name))
    first = completed(tmp_path)
    assert len(seen) == 28
    assert completed(tmp_path) == first
    assert len(seen) == 28
    for file in (tmp_path / "cache" / "images").iterdir():
        file.write_text("damaged")
    assert completed(tmp_path) == first
    assert len(seen) == 56


def test_a_study_names_the_folder_and_its_jobs_know_the_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path, in_splits())
    study = study_in(tmp_path)
    before = load(study)
    assert before.datasets["animals"].spec.options["found"]["train"] == [3, 4, 1, "ant"]
    study.write_text(study.read_text().replace(f"archives: {tmp_path}\n", ""))
    monkeypatch.setenv("METABENCH_DATA", str(tmp_path))
    assert load(study).runs == before.runs
    write_folder(tmp_path, {"animals/train/ant/4.png": encoded(picture(99))})
    assert load(study).runs != before.runs


# Images that are there twice


@pytest.mark.parametrize("copy", ["test/fox/copy.png", "train/bee/copy.png", "train/ant/0 (1).png"])
@pytest.mark.parametrize("packed", [False, True])
def test_an_image_in_two_splits_two_classes_or_twice_in_one_is_refused(
    copy: str, packed: bool, tmp_path: Path
) -> None:
    images = "animals.zip" if packed else "animals"
    original = "animals/train/ant/0.png"
    files = {**in_splits(), f"animals/{copy}": in_splits()[original]}
    if packed:
        write_zip(tmp_path / images, files)
    else:
        write_folder(tmp_path, files)
    first, second = sorted([original, f"animals/{copy}"])
    said = f"{images}: 1 pair of equal images: {first} and {second}; delete one of each pair, for "
    for _ in range(2):  # when it is read, and when it is remembered
        with pytest.raises(MetabenchError, match=re.escape(said)):
            completed(tmp_path, images=images)
    if not packed:
        (tmp_path / "animals" / copy).unlink()
        assert completed(tmp_path)["found"]["train"] == [3, 4, 1, "ant"]


def test_all_pairs_are_counted_and_the_first_few_named(tmp_path: Path) -> None:
    """Of a file that is there three times, two must go."""
    files = in_splits()
    for i in range(SHOWN):
        files[f"animals/val/dog/{i}.png"] = files[f"animals/train/ant/{i}.png"]
    files["animals/val/elk/0.png"] = files["animals/train/ant/0.png"]
    with pytest.raises(MetabenchError) as told:
        completed(write_folder(tmp_path, files))
    assert f"{SHOWN + 1} pairs of equal images: " in str(told.value)
    assert str(told.value).count(".png and animals/") == SHOWN
    assert "; and 1 more; delete one of each pair" in str(told.value)


def test_copies_that_are_not_used_are_nobody_s_business(tmp_path: Path) -> None:
    files = flat()
    files["animals/gnu/0.png"] = files["animals/ant/.thumbs/0.png"] = files["animals/ant/0.png"]
    write_folder(tmp_path, files)
    completed(tmp_path, classes={**DIVIDED, "test": ["fox"], "left_out": ["gnu"]})
    with pytest.raises(MetabenchError, match="1 pair of equal images"):
        completed(tmp_path, classes=DIVIDED)


# Mistakes: what is there or said, and what the error must say

PLAIN = encoded(picture(0))
SPLIT_FILES, FLAT = in_splits(), flat()
IMAGES: dict[str, tuple[dict[str, bytes], dict[str, Any], list[str]]] = {
    "no images": ({"animals/notes.txt": b""}, {}, ["animals: no images here", "for each class"]),
    "no folder": ({}, {}, ["'images' is 'animals', and there is no", "under `archives:`"]),
    "no split": (FLAT, {}, ["no images in a folder 'train', but in ant", "`divide: {val: 0.2,"]),
    "a class in two splits": (
        {**SPLIT_FILES, "animals/test/ant/0.png": PLAIN}, {},
        ["animals: the class 'ant' is in test and in train", "put all its images"],
    ),
    "a fourth split": (
        {**SPLIT_FILES, "animals/valid/yak/0.png": PLAIN}, {},
        ["valid is in none of train, val and test"],
    ),
    "an image in no class": (
        {**SPLIT_FILES, "animals/lost.png": PLAIN}, {}, ["lost.png is in no class"],
    ),
    "images right in a split": (
        {**SPLIT_FILES, "animals/val/lost.png": PLAIN}, {}, ["val holds images, and a folder"],
    ),
    "a folder too deep": (
        {**SPLIT_FILES, "animals/val/a/b/c/0.png": PLAIN}, {},
        ["val/a/b/c lies too deep; val/<class>, or val/<group>/<class>, is right"],
    ),
    "no image": (
        {**SPLIT_FILES, "animals/train/ant/5.png": b"text"}, {},
        ["animals/train/ant/5.png is no readable image (of no kind that Pillow knows)"],
    ),
    "16 bits": (
        {**SPLIT_FILES, "animals/train/ant/5.png": encoded(np.zeros((8, 8), np.uint16))}, {},
        ["animals/train/ant/5.png is no readable image (more than 8 bits", "save it with 8"],
    ),
    "a kind that is not read": (
        {**SPLIT_FILES, "animals/train/ant/5.heic": b"x"}, {},
        ["train/ant/5.heic is no image of a kind that is read here (.png, .jpg, "],
    ),
    "a packed class": (
        {**SPLIT_FILES, "animals/yak.zip": b"x"}, {}, ["yak.zip is no image of a kind"],
    ),
    "an archive of another kind": (
        {"animals.rar": b"x"}, {"images": "animals.rar"}, ["animals.rar: a folder, or a file .zip"],
    ),
    "a damaged zip": (
        {"animals.zip": b"x"}, {"images": "animals.zip"}, ["animals.zip: a damaged zip file"],
    ),
    "a damaged tar among them": (
        {**SPLIT_FILES, "animals/val/yak.tar": b"x"}, {}, ["val/yak.tar: a damaged tar file ("],
    ),
    "a damaged tar in a tar": (
        {"animals.tar": tarred({"train/ant.tar": b"x"})}, {"images": "animals.tar"},
        ["animals.tar: train/ant.tar: a damaged tar file ("],
    ),
    "a tar that is damaged after its first file": (
        {"animals.tar": tarred(SPLIT_FILES)[:1024] + b"x" * 1024}, {"images": "animals.tar"},
        ["animals.tar: a damaged tar file (no header of a file at byte 1,024)"],
    ),
    "a name in another code": (
        {**SPLIT_FILES, "animals/val/\udce9lan/0.png": PLAIN}, {},
        [r"animals: 'val/\udce9lan/0.png' is no name in UTF-8; rename it"],
    ),
    "such a name in a tar": (
        {"animals.tar": tarred({"\udce9lan/0.png": PLAIN})}, {"images": "animals.tar"},
        [r"animals.tar: '\udce9lan/0.png' is no name in UTF-8; rename it"],
    ),
    "a listed class without images": (
        FLAT, {"classes": {**DIVIDED, "train": ["ant", "bee", "cow", "yak"]}},
        ["no images of 'yak', which is listed under 'classes'"],
    ),
    "a class that is not listed": (
        FLAT, {"classes": {**DIVIDED, "train": ["ant", "bee"]}},
        ["'cow' is not listed under 'classes'; add it, to left_out if"],
    ),
    "shares of nothing": (
        FLAT, {"divide": {"val": 0.01, "test": 0.2}},
        ["of its 7 classes none is left for 'val'"],
    ),
    "shares where there are splits": (
        SPLIT_FILES, {"divide": {"val": 0.2, "test": 0.2}},
        ["has a folder test with classes in it; leave out 'divide'"],
    ),
    "an image twice": (
        {**SPLIT_FILES, "animals/train/ant/0 (1).png": PLAIN}, {},
        ["1 pair of equal images: animals/train/ant/0 (1).png and animals/train/ant/0.png; delete"],
    ),
    "a way too many": (
        SPLIT_FILES, {"way": 3},
        ["grid[0].settings[0]: 3 ways are more than the 2 of its classes in the val split"],
    ),
    "images too few": (
        {k: v for k, v in SPLIT_FILES.items() if k[-10:] not in ("/elk/2.png", "/elk/3.png")}, {},
        ["1 shots and 2 queries", "more than the 2 images of elk in the val split of animals"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "options", "said"), IMAGES.values(), ids=IMAGES)
def test_what_is_wrong_with_images_is_said_in_one_line_before_any_job(
    files: dict[str, bytes],
    options: dict[str, Any],
    said: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_folder(tmp_path, files)
    way = options.get("way", 2)
    study = study_in(tmp_path, {k: v for k, v in options.items() if k != "way"})
    study.write_text(study.read_text().replace("2w1s", f"{way}w1s"))
    assert main(["check", str(study)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert all(part in line for part in said), line


OPTIONS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown": ({"sise": 84}, ["no option 'sise'; did you mean 'size'"]),
    "not the user's": ({"found": {}}, ["no option 'found'"]),
    "a size of nothing": ({"size": 0}, ["'size' is 0; a whole number from 8 to 1024"]),
    "two channels": ({"channels": 2}, ["'channels' is 2; one of 1, 3"]),
    "images by number": ({"images": 7}, ["'images' is 7; a path below the folder of archives"]),
    "a path out of the folder": ({"images": "../a"}, ["'images' is '../a'; a path below"]),
    "a path of another folder": ({"images": "/a"}, ["'images' is '/a'; a path below"]),
    "grey by colours": ({"channels": 1, "normalise": True}, ["'normalise' is for three channels"]),
    "two ways to divide": ({"divide": {}, "classes": {}}, ["both 'divide' and 'classes'"]),
    "shares that are none": ({"divide": [0.2, 0.2]}, ["'divide' is [0.2, 0.2]; shares of"]),
    "a share without the other": ({"divide": {"val": 0.2}}, [".divide: no share for 'test'"]),
    "a share above all": ({"divide": {"val": 2, "test": 0.2}}, [".divide: 'val' is 2; a number"]),
    "all for testing": ({"divide": {"val": 0.5, "test": 0.5}}, ["nothing is left to train on"]),
    "a list of no split": ({"classes": {"tran": ["a"]}}, [".classes: no option 'tran'"]),
    "no list": ({"classes": {"train": "ant"}}, [".classes: 'train' is 'ant'; a list of classes"]),
    "a split without classes": ({"classes": {"train": ["a"]}}, ["no classes for 'val'"]),
    "a class by number": (
        {"classes": {"train": [1], "val": ["2"], "test": ["3"]}},
        [".classes.train: 1 is no text; put it in quotes"],
    ),
    "a class in two lists": (
        {"classes": {"train": ["a", "b"], "val": ["c"], "test": ["b"]}},
        [".classes: 'b' is in train and in test; keep one"],
    ),
    "lists without end": (
        {"classes": {"train": ["a" * 100_000], "val": ["c"], "test": ["b"]}},
        ["more than 100,000 letters; put the classes into folders"],
    ),
}


@pytest.mark.parametrize(("options", "said"), OPTIONS.values(), ids=OPTIONS)
def test_a_wrong_option_is_named_with_what_would_be_right(
    options: dict[str, Any], said: list[str], tmp_path: Path
) -> None:
    with pytest.raises(MetabenchError) as told:
        completed(write_folder(tmp_path, SPLIT_FILES), **options)
    assert str(told.value).startswith("animals.yaml: options")
    assert all(part in str(told.value) for part in said), told.value


def test_images_without_a_name_and_without_a_folder_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(MetabenchError, match="the option 'images' is missing"):
        image_folder.check({}, "animals.yaml: options")
    with pytest.raises(MetabenchError, match=r"no folder is named; .* METABENCH_DATA"):
        completed(None)


def test_links_and_empty_folders_are_not_passed_over(tmp_path: Path) -> None:
    write_folder(tmp_path, SPLIT_FILES)
    (tmp_path / "animals" / "train" / "yak").mkdir()
    with pytest.raises(MetabenchError, match="train/yak: an empty folder"):
        completed(tmp_path)
    (tmp_path / "animals" / "train" / "yak").rmdir()
    (tmp_path / "animals" / "train" / "yak").symlink_to(tmp_path / "animals" / "val" / "dog")
    with pytest.raises(MetabenchError, match="train/yak: a link to a folder"):
        completed(tmp_path)
    (tmp_path / "animals" / "train" / "yak").unlink()
    (tmp_path / "animals" / "train" / "ant" / "9.png").symlink_to("nowhere.png")
    with pytest.raises(MetabenchError, match=r"cannot be read .*ant/9.png"):
        completed(tmp_path)


def test_an_image_that_ends_early_is_named_when_it_is_decoded(tmp_path: Path) -> None:
    name = "animals/train/ant/5.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    write_folder(tmp_path, {**SPLIT_FILES, name: encoded(noise, "JPEG")[:-500]})
    assert completed(tmp_path)["found"]["train"] == [3, 4, 1, "bee"]
    with pytest.raises(MetabenchError, match=rf"{name} is no readable image .*truncated"):
        made(tmp_path, tmp_path / "out")


@pytest.mark.fault(
    "an image that changes between two jobs", "one line with both digests", "nothing"
)
def test_images_that_change_after_the_study_was_read_are_not_used(tmp_path: Path) -> None:
    whole = completed(write_folder(tmp_path, SPLIT_FILES))
    (archive,) = image_folder.archives(whole)
    fetch(archive, tmp_path, tmp_path / "source.json")
    write_folder(tmp_path, {"animals/train/ant/0.png": encoded(picture(77))})
    spec = DataSpec("animals", image_folder.__name__, "classification", whole)
    with pytest.raises(MetabenchError, match=r"changed since the study was read: .*; start again"):
        prepare(spec, [tmp_path / "source.json"], tmp_path / "out")
