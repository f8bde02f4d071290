"""Archives made to do harm: nothing leaves its folder, and nothing fills the memory."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from metabench.datasets.packed import open_packed
from metabench.datasets.photographs import from_files, squeezed
from metabench.errors import MetabenchError


def tar_of(path: Path, **attributes: object) -> Path:
    """A tar with one harmless file and one member with these attributes."""
    with tarfile.open(path, "w") as packed:
        good = tarfile.TarInfo("letters/a.png")
        good.size = 3
        packed.addfile(good, io.BytesIO(b"png"))
        bad = tarfile.TarInfo("letters/b.png")
        for name, value in attributes.items():
            setattr(bad, name, value)
        packed.addfile(bad)
    return path


@pytest.mark.fault(
    "a tar with an absolute path, or one with `..`",
    "one line that names the archive and the path; nothing of it is used",
    "nothing",
)
@pytest.mark.parametrize("name", ["/etc/passwd", "../b.png", "letters/../../b.png"])
def test_a_tar_that_leads_out_of_itself_is_refused(tmp_path: Path, name: str) -> None:
    path = tar_of(tmp_path / "a.tar", name=name)
    with pytest.raises(MetabenchError, match="leads out of it"), open_packed(path):
        pass


@pytest.mark.fault(
    "a tar with links, devices or pipes",
    "they are no files to metabench, which unpacks nothing to disk",
    "nothing",
)
@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_no_files(tmp_path: Path, kind: bytes) -> None:
    path = tar_of(tmp_path / "a.tar", type=kind, linkname="/etc/passwd")
    with open_packed(path) as files:
        assert files.names == ["letters/a.png"]
    assert [file.name for file in tmp_path.iterdir()] == ["a.tar"]


@pytest.mark.fault(
    "an archive of kilobytes that unpacks to gigabytes",
    "one line before any of it is unpacked",
    "nothing",
)
def test_a_bomb_is_refused_by_what_it_says_of_itself(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(8):
            packed.writestr(f"letters/{number}.png", bytes(4_000_000))
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo("letters/a.png")
        member.size = 32_000_000
        tar.addfile(member, io.BytesIO(bytes(member.size)))
    for name in ("bomb.zip", "bomb.tar.gz"):
        assert (tmp_path / name).stat().st_size < 50_000
        match = rf"{name}: unpacks to more than 100 times its size"
        with pytest.raises(MetabenchError, match=match), open_packed(tmp_path / name):
            pass


@pytest.mark.fault(
    "a picture of a few bytes that says it is 40,000 pixels wide and high",
    "one line that names it",
    "nothing",
)
def test_a_picture_that_is_a_bomb_is_named(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    size = (40_000).to_bytes(4, "big")
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + size + bytes([8, 2, 0, 0, 0]))
    picture += chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("n01/a.png", picture)
    with open_packed(tmp_path / "a.zip") as files:
        part = from_files(files, {"n01": ["n01/a.png"]}, lambda c: squeezed(c, 84, 0, 1), "a.zip")
        with pytest.raises(MetabenchError, match=r"a.zip: n01/a.png is no readable image"):
            list(part.images())
