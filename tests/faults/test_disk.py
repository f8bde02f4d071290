"""A disk that is full, or that may not be written to: one line, and nothing is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import chain
import killing
import numpy as np
import pytest
from bad_server import serve

from metabench.cli import main
from metabench.errors import MetabenchError
from metabench.files.whole import new_array, read_array, write_array, write_text
from metabench.learning import plans
from metabench.learning.training import Run

Refused = Callable[[list[str]], str]
FULL, READ_ONLY = "No space left on device", "Read-only file system"


@pytest.fixture
def full(whole: killing.Whole, disk) -> dict[str, list[str]]:
    """The commands on a small disk on which all of them have run."""
    killing.copy_of(whole, disk.path)
    return chain.commands(disk.path, whole.iterations)


@pytest.mark.fault(
    "the disk is full while data are prepared",
    "one line; the data of before are whole",
    "nothing",
)
def test_a_full_disk_in_preparation(full, disk, refused: Refused, whole: killing.Whole) -> None:
    disk.fill()
    assert FULL in refused(full["prepare"])
    killing.compare(whole, disk.path, whole.made["prepare"])


@pytest.mark.fault(
    "the disk fills up in meta-training",
    "one line; with room again, training goes on to the same model",
    "what came after the last resume file",
)
def test_a_full_disk_in_training(
    full,
    disk,
    refused: Refused,
    whole: killing.Whole,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    interval = Run.interval

    def fills(self: Run) -> None:
        if self.progress.iteration == 100:
            disk.fill()
        interval(self)

    killing.remove(disk.path, whole.made["train"])
    with monkeypatch.context() as patch:
        patch.setattr(Run, "interval", fills)
        said = refused(full["train"])
    assert "cannot be written" in said
    assert FULL in said
    disk.free()
    assert main(full["train"]) == 0
    assert "resuming after iteration 100" in capfd.readouterr().out
    killing.compare(whole, disk.path, whole.made["train"])


@pytest.mark.fault(
    "the disk is full in meta-testing, `collect`, `tables`, `figures` or `page`",
    "one line that names the file; what was there still is",
    "nothing",
)
@pytest.mark.parametrize("stage", ["evaluate", "collect", "tables", "figures", "page"])
def test_a_full_disk_at_the_end(
    full, disk, refused: Refused, whole: killing.Whole, stage: str
) -> None:
    before = {
        name: (disk.path / name).read_bytes()
        for name in whole.made[stage]
        if not name.endswith("steps.npy")  # which must not outlive the run that it is of
    }
    disk.fill()
    assert FULL in refused(full[stage])
    assert {name: (disk.path / name).read_bytes() for name in before} == before


@pytest.mark.fault(
    "the disk fills up in a download", "one line; what has arrived is kept", "nothing"
)
def test_a_full_disk_in_a_download(disk, refused: Refused) -> None:
    content = bytes(range(256)) * 4096
    disk.fill(leave=300_000)
    with serve(content) as site:
        archive = {"name": "letters.bin", "urls": [site.url], "size": len(content)}
        archive |= {"checksum": "", "content_sha256": "", "licence": "none", "folder": "letters"}
        out = disk.path / "letters.json"
        said = refused(["fetch", "--archive", json.dumps(archive), "--out", str(out)])
    assert "letters.bin.part: cannot be written (No space left on device)" in said
    assert (disk.path / "letters.bin.part").stat().st_size > 0


@pytest.mark.fault(
    "an array of photographs is larger than the disk",
    "one line before it is begun; mapped memory without a disk would end the process",
    "nothing",
)
def test_an_array_that_the_disk_cannot_hold(disk) -> None:
    with (
        pytest.raises(MetabenchError, match=FULL),
        new_array(disk.path / "images.npy", (1000, 200, 200, 3)),
    ):
        pass
    assert list(disk.path.iterdir()) == []


@pytest.mark.fault(
    "a results folder that is read-only",
    "one line that names the file, from every command that writes",
    "nothing",
)
@pytest.mark.parametrize("stage", ["prepare", "test", "train", "evaluate", "collect", "page"])
def test_a_read_only_folder(full, disk, refused: Refused, whole: killing.Whole, stage: str) -> None:
    disk.read_only()
    said = refused(full[stage])
    assert READ_ONLY in said
    assert str(disk.path) in said
    killing.compare(whole, disk.path, whole.made[stage])


@pytest.mark.fault(
    "the cache of plans cannot be written, or is damaged",
    "training chooses anew and runs",
    "the seconds of choosing",
)
def test_a_cache_is_not_needed(
    full, disk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, whole: killing.Whole
) -> None:
    monkeypatch.setenv("METABENCH_CACHE", str(disk.path))
    shutil.copytree(disk.path, tmp_path / "copy")
    disk.read_only()
    command = chain.commands(tmp_path / "copy", whole.iterations)["train"]
    assert main(command) == 0
    monkeypatch.setenv("METABENCH_CACHE", str(tmp_path / "cache"))
    assert main(command) == 0
    (file,) = (plans.cache_folder() / "plans").iterdir()
    file.write_text("{")
    assert main(command) == 0
    killing.compare(whole, tmp_path / "copy", whole.made["train"])


def test_an_array_is_written_as_numpy_writes_it(tmp_path: Path) -> None:
    for array in (np.arange(6.0).reshape(2, 3).T, np.zeros(0, np.int32), np.float32(1.5)):
        write_array(tmp_path / "a.npy", array)
        np.save(tmp_path / "b.npy", np.ascontiguousarray(array) if array.ndim else array)
        assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()
        np.testing.assert_array_equal(read_array(tmp_path / "a.npy"), array)


@pytest.mark.fault(
    "a file stands where a folder must be", "one line that names the file", "nothing"
)
def test_a_file_in_place_of_a_folder(tmp_path: Path) -> None:
    write_text(tmp_path / "results", "")
    with pytest.raises(MetabenchError, match=r"results/a.txt: cannot be written \((Not a|File ex)"):
        write_text(tmp_path / "results" / "a.txt", "")
