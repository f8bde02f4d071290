from __future__ import annotations

from pathlib import Path

import pytest
from made_up import write_zip

from metabench.datasets import glyphs, omniglot
from metabench.datasets.archives import Archive, fetch
from metabench.datasets.prepare import prepare
from metabench.datasets.store import SPLITS, verify
from metabench.errors import MetabenchError
from metabench.spec import DataSpec

TINY = {
    "train_alphabets": 1,
    "val_alphabets": 1,
    "test_alphabets": 1,
    "characters": 2,
    "drawings": 2,
}
GLYPHS = DataSpec("glyphs", "metabench.datasets.glyphs", "classification", TINY)
OMNIGLOT = DataSpec("omniglot", "metabench.datasets.omniglot", "classification")


def test_all_splits_are_made_and_nothing_else_is_left(tmp_path: Path) -> None:
    prepare(GLYPHS, [], tmp_path / "glyphs")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["glyphs"]
    assert sorted(path.name for path in (tmp_path / "glyphs").iterdir()) == sorted(SPLITS)
    for split in SPLITS:
        verify(tmp_path / "glyphs" / split)


@pytest.mark.fault(
    "Ctrl-C while data are prepared", "the data of before are whole", "that command's seconds"
)
def test_a_prepare_that_is_killed_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(GLYPHS, [], tmp_path / "glyphs")
    before = [verify(tmp_path / "glyphs" / split) for split in SPLITS]
    calls = []

    def killed_at_the_second_split(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(glyphs, "write_split", killed_at_the_second_split)
    with pytest.raises(KeyboardInterrupt):
        prepare(GLYPHS, [], tmp_path / "glyphs")
    assert [verify(tmp_path / "glyphs" / split) for split in SPLITS] == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["glyphs"]


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(MetabenchError, match=r"omniglot: needs the archive images_background.zip"):
        prepare(OMNIGLOT, [], tmp_path / "omniglot")


@pytest.mark.fault(
    "an archive that changes after it was verified", "one line with both digests", "nothing"
)
def test_an_archive_that_changed_after_it_was_fetched_is_not_used(
    tmp_path: Path,
    published: Archive,
    letters: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(omniglot, "archives", lambda _: [published])
    fetch(published, tmp_path / "published", tmp_path / "letters.json")
    first = next(iter(letters))
    write_zip(tmp_path / "published" / "letters.zip", {first: letters[first]})
    with pytest.raises(MetabenchError, match=r"letters.zip: .*expected content sha256 .*, found"):
        prepare(OMNIGLOT, [tmp_path / "letters.json"], tmp_path / "omniglot")
    assert not (tmp_path / "omniglot").exists()
