from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from metabench.datasets.store import load_split, verify, write_split
from metabench.errors import MetabenchError

CLASSES = ["Latin/a", "Latin/b", "Greek/a"]
META = {"licence": "MIT", "source": "a test"}


def write(folder: Path, seed: int = 0) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (6, 4, 4, 1), dtype=np.uint8)
    write_split(folder, images, np.repeat(np.arange(3, dtype=np.int32), 2), CLASSES, META)


def test_a_split_comes_back_as_it_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "letters" / "train"
    write(folder)
    split = load_split(folder)
    assert split.images.shape == (6, 4, 4, 1)
    assert split.images.dtype == np.uint8
    assert split.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert split.classes == tuple(CLASSES)
    assert split.groups() == {"Latin": [0, 1], "Greek": [2]}
    assert split.meta["dataset"] == "letters"
    assert split.meta["split"] == "train"
    assert split.meta["licence"] == "MIT"


def test_equal_contents_have_equal_digests_wherever_they_lie(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write(tmp_path / name / "train", seed)
    digests = [verify(tmp_path / name / "train") for name in "abc"]
    assert digests[0] == digests[1] != digests[2]


def test_a_mapped_split_cannot_be_changed(tmp_path: Path) -> None:
    write(tmp_path / "letters" / "train")
    with pytest.raises(ValueError, match="read-only"):
        load_split(tmp_path / "letters" / "train").images[0] = 0


def test_a_changed_pixel_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "letters" / "train"
    write(folder)
    images = np.array(load_split(folder, mapped=False).images)
    images[3, 2, 1, 0] ^= 1
    np.save(folder / "images.npy", images)
    with pytest.raises(MetabenchError, match=r"images.npy: altered since .* expected sha256 .*, f"):
        load_split(folder)


def test_a_split_whose_writing_was_killed_is_no_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "letters" / "train"
    write(folder)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("metabench.datasets.store.write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        write(folder, seed=1)
    with pytest.raises(MetabenchError, match="no whole split"):
        load_split(folder)


def test_unsorted_labels_are_refused(tmp_path: Path) -> None:
    labels = np.array([1, 0], dtype=np.int32)
    with pytest.raises(ValueError, match="sorted"):
        write_split(tmp_path, np.zeros((2, 4, 4, 1), np.uint8), labels, ["a", "b"], META)
