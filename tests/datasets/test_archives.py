from __future__ import annotations

import errno
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_up import png, write_zip

from metabench.datasets.archives import (
    Archive,
    fetch,
    find,
    named_folder,
    open_files,
    read_source,
    verify_source,
)
from metabench.errors import MetabenchError


def test_the_published_file_is_known_by_its_checksum(tmp_path: Path, published: Archive) -> None:
    source = fetch(published, tmp_path / "published", tmp_path / "letters.json")
    assert (source.origin, source.verified) == ("local", "archive")
    assert f"sha256:{source.sha256}" == published.checksum
    assert read_source(tmp_path / "letters.json") == source


@pytest.mark.parametrize("content", ["[]", "{}", '{"name": 5}'])
def test_what_fetch_did_not_write_is_no_source(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(MetabenchError, match=r"a\.json: (holds no keys|no '(name|path)'; needed)"):
        read_source(tmp_path / "a.json")


def test_a_repacked_archive_and_an_unpacked_folder_are_known_by_their_content(
    tmp_path: Path, published: Archive, letters: dict[str, bytes]
) -> None:
    rest = {name.removeprefix("letters/"): content for name, content in letters.items()}
    backwards = dict(reversed(letters.items()))
    write_zip(tmp_path / "repacked" / "letters.zip", {**backwards, "letters/read me.txt": b"hello"})
    write_zip(tmp_path / "rootless" / "letters.zip", {**rest, "__MACOSX/Latin/._1_1.png": b"mac"})
    for name, content in letters.items():
        (tmp_path / "unpacked" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "unpacked" / name).write_bytes(content)
    places = ["repacked", "rootless", "unpacked", "unpacked/letters"]
    for number, place in enumerate(places):
        source = fetch(published, tmp_path / place, tmp_path / f"{number}.json")
        assert source.verified == "content"
        assert source.sha256 == published.content_sha256
        with open_files(published, Path(source.path)) as files:
            assert {name: files.read(name) for name in files.names} == letters


@pytest.mark.parametrize("place", ["deep/inside", "deep/letters", "letters"])
def test_an_archive_is_found_anywhere_below_a_folder(
    tmp_path: Path, published: Archive, letters: dict[str, bytes], place: str
) -> None:
    """Also in a folder that is called as if it were unpacked, and in that folder itself."""
    path = tmp_path / "mine" / place / "letters.zip"
    write_zip(path, letters)
    outermost = tmp_path / "mine" / place.split("/")[0]
    for number, folder in enumerate([tmp_path / "mine", outermost, path.parent]):
        assert fetch(published, folder, tmp_path / f"{number}.json").path == str(path)


@pytest.mark.parametrize("name", ["locked", "lost+found", ".hidden"])
def test_what_lies_in_a_folder_that_cannot_be_looked_into_is_not_taken_for_absent(
    tmp_path: Path, published: Archive, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """But in those that systems keep for themselves, nobody keeps archives."""
    (tmp_path / "mine" / name).mkdir(parents=True)
    look = os.scandir

    def refusing(path: str) -> Any:
        if path.endswith(name):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return look(path)

    monkeypatch.setattr(os, "scandir", refusing)
    if name != "locked":
        assert find(published, tmp_path / "mine") is None
        return
    with pytest.raises(MetabenchError, match=r"locked: cannot be looked into for archives \(Perm"):
        find(published, tmp_path / "mine")


def test_an_archive_that_moved_is_named_with_what_to_do(
    tmp_path: Path, published: Archive, letters: dict[str, bytes]
) -> None:
    path = tmp_path / "here" / "letters.zip"
    write_zip(path, letters)
    source = fetch(published, path.parent, tmp_path / "letters.json")
    path.unlink()
    with pytest.raises(
        MetabenchError, match=r"here/letters.zip: no longer there; .*letters.zip.json"
    ):
        verify_source(published, source)


@pytest.mark.parametrize(
    ("offset", "value", "told"), [(0, 1, "encrypted"), (2, 9, "not supported")]
)
def test_a_zip_that_cannot_be_unpacked_is_named(
    tmp_path: Path,
    published: Archive,
    letters: dict[str, bytes],
    offset: int,
    value: int,
    told: str,
) -> None:
    """One with a password, and one as Windows packs what is large."""
    path = tmp_path / "odd" / "letters.zip"
    write_zip(path, letters)
    content = bytearray(path.read_bytes())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the first file's two headers
        content[content.find(header) + flags + offset] = value
    path.write_bytes(content)
    with pytest.raises(MetabenchError, match=f"letters.zip: .* cannot be unpacked .*{told}.*pack"):
        fetch(published, path.parent, tmp_path / "letters.json")


@pytest.mark.fault(
    "an archive with one file altered",
    "one line with both digests; it is not used, and not downloaded in its stead",
    "nothing",
)
def test_an_altered_archive_is_named_with_both_digests_and_not_used(
    tmp_path: Path, published: Archive, letters: dict[str, bytes]
) -> None:
    first = next(iter(letters))
    write_zip(tmp_path / "altered" / "letters.zip", {**letters, first: png(99)})
    with pytest.raises(MetabenchError) as error:
        fetch(published, tmp_path / "altered", tmp_path / "out" / "letters.json")
    message = str(error.value)
    assert str(tmp_path / "altered" / "letters.zip") in message
    assert f"expected content sha256 {published.content_sha256}, found " in message
    assert "\n" not in message
    assert not (tmp_path / "out").exists()


@pytest.mark.fault(
    "an archive that is cut, or has one bit turned", "one line with both digests", "nothing"
)
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_zip_is_named_with_both_digests(
    tmp_path: Path, published: Archive, damage: str
) -> None:
    content = bytearray((tmp_path / "published" / "letters.zip").read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[200] ^= 255
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "letters.zip").write_bytes(content)
    with pytest.raises(MetabenchError, match=r"letters.zip: .*; expected sha256:.*, found sha256:"):
        fetch(published, tmp_path / "damaged", tmp_path / "letters.json")


@pytest.mark.fault(
    "a zip with an absolute path, a drive, or `..`",
    "one line that names the archive and the path; nothing of it is used",
    "nothing",
)
@pytest.mark.parametrize(
    "member",
    ["../outside.png", "/etc/outside.png", "letters/../../x.png", "C:\\x.png", "..\\x.png"],
)
def test_a_zip_that_leads_out_of_itself_is_refused(
    tmp_path: Path, published: Archive, letters: dict[str, bytes], member: str
) -> None:
    path = tmp_path / "evil" / "letters.zip"
    write_zip(path, {**letters, member: png(1)})
    with pytest.raises(MetabenchError, match="leads out"), open_files(published, path):
        pass
    with pytest.raises(MetabenchError, match="leads out"):
        fetch(published, path.parent, tmp_path / "letters.json")


def test_a_missing_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METABENCH_DATA", str(tmp_path / "gone"))
    with pytest.raises(MetabenchError, match=r"METABENCH_DATA: no such folder: .*gone; name a"):
        named_folder()


def test_a_tilde_in_the_environment_is_the_home(
    tmp_path: Path, published: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("METABENCH_DATA", "~/published")
    found = fetch(published, named_folder(), tmp_path / "letters.json")
    assert found.path.startswith(str(tmp_path / "published"))


def test_md5_serves_where_no_sha256_is_published(tmp_path: Path, published: Archive) -> None:
    path = tmp_path / "published" / "letters.zip"
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    source = fetch(replace(published, checksum=f"md5:{md5}"), path.parent, tmp_path / "a.json")
    assert source.verified == "archive"
    assert json.loads((tmp_path / "a.json").read_text())["name"] == "letters.zip"
