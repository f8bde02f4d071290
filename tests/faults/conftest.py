"""A finished road from nothing to a page, and a disk that a test may fill."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import chain
import killing
import pytest

from metabench.cli import main


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> killing.Whole:
    """Everything, made without a stop. Only look at it, or copy it."""
    return killing.walk(tmp_path_factory.mktemp("whole"), iterations=150)


@pytest.fixture
def refused(capfd: pytest.CaptureFixture[str]) -> Callable[[list[str]], str]:
    """Run a command that must end with one line of error, and return that line."""

    def run(command: list[str]) -> str:
        capfd.readouterr()
        assert main(command) == 1
        told = [line for line in capfd.readouterr().err.splitlines() if "it/s" not in line]
        errors = [line for line in told if line.startswith("metabench: error: ")]
        assert told[-1:] == errors, told
        return errors[0]

    return run


@dataclass(frozen=True)
class Disk:
    """A small file system in memory."""

    path: Path

    def fill(self, leave: int = 0) -> None:
        """Leave room for so many bytes and no more."""
        room = os.statvfs(self.path)
        filler = self.path / "filler"
        filler.write_bytes(bytes(max(0, room.f_bavail * room.f_bsize - leave)))

    def free(self) -> None:
        """Make room again."""
        (self.path / "filler").unlink()

    def read_only(self) -> None:
        """Let nothing be written; not even by root."""
        _mount("-o", "remount,ro", self.path)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """16 MB of memory as a disk, where this user may mount one."""
    path = tmp_path / "disk"
    path.mkdir()
    try:
        _mount("-t", "tmpfs", "-o", "size=16m", "tmpfs", path)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a small disk")
    yield Disk(path)
    subprocess.run(["umount", "--lazy", path], check=True)


def _mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)


@pytest.fixture
def road(whole: killing.Whole, tmp_path: Path) -> Callable[[str], list[str]]:
    """``road(stage)``: the command of a stage in a copy of the road, ``tmp_path``."""
    killing.copy_of(whole, tmp_path)
    return lambda stage: chain.commands(tmp_path, whole.iterations)[stage]
