"""SIGKILL at random moments: a plain re-run makes the same, to the bit."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import chain
import killing
import pytest
from bad_server import serve

from metabench.cli import main
from metabench.learning.training import Run

SAME = "the same command, given again, ends with the same files to the bit"


def kill(whole: killing.Whole, root: Path, stage: str, kills: int = 3) -> None:
    killing.copy_of(whole, root, without=stage)
    killing.kill_and_compare(whole, root, stage, kills, seed=0)


@pytest.mark.fault("SIGKILL while data are prepared", SAME, "that command's seconds")
def test_killed_in_preparation(whole: killing.Whole, tmp_path: Path) -> None:
    kill(whole, tmp_path, "prepare")
    folders = {path.name for path in (tmp_path / "results/data").iterdir()}
    assert folders == {"glyphs"}  # and nothing of those that were killed


@pytest.mark.fault("SIGKILL while episodes are drawn", SAME, "that command's seconds")
def test_killed_in_drawing_episodes(whole: killing.Whole, tmp_path: Path) -> None:
    kill(whole, tmp_path, "test")


@pytest.mark.fault(
    "SIGKILL in meta-training, six times at random moments",
    "it goes on from its resume file; model and history are the same to the bit",
    "what came after the last resume file: two minutes, and a row of the history",
)
def test_killed_in_meta_training(whole: killing.Whole, tmp_path: Path) -> None:
    kill(whole, tmp_path, "train", kills=6)
    assert "resuming after iteration" in (tmp_path / "log").read_text()


@pytest.mark.fault("SIGKILL in meta-testing", SAME, "that command's seconds")
def test_killed_in_meta_testing(whole: killing.Whole, tmp_path: Path) -> None:
    kill(whole, tmp_path, "evaluate")


@pytest.mark.fault(
    "SIGKILL in `collect`, `tables`, `figures` or `page`", SAME, "that command's seconds"
)
@pytest.mark.parametrize("stage", ["collect", "tables", "figures", "page"])
def test_killed_in_aggregation(whole: killing.Whole, tmp_path: Path, stage: str) -> None:
    kill(whole, tmp_path, stage, kills=2)


@pytest.mark.fault(
    "SIGKILL in a download",
    "the same command, given again, asks for the rest alone",
    "nothing that had arrived",
)
def test_killed_in_a_download(tmp_path: Path) -> None:
    content = random.Random(0).randbytes(2_000_000)
    target, log = tmp_path / "letters.bin", tmp_path / "log"
    part = tmp_path / "letters.bin.part"
    with serve(content, *["slow"] * 3) as site:
        archive = {
            "name": target.name, "urls": [site.url], "size": len(content), "content_sha256": "",
            "checksum": f"sha256:{hashlib.sha256(content).hexdigest()}", "licence": "none",
            "folder": "letters", "suffixes": [".bin"],
        }  # fmt: skip
        about = tmp_path / "letters.json"
        command = ["fetch", "--archive", json.dumps(archive), "--out", str(about)]
        had = [0]
        for _ in range(3):
            process = killing.start(command, log)
            while not part.exists() or part.stat().st_size <= had[-1]:
                process.join(0.01)
                assert process.is_alive()
            process.kill()
            process.join()
            had.append(part.stat().st_size)
            assert not target.exists()
        killing.finish(command, log)
    assert target.read_bytes() == content
    assert site.ranges == ["", *(f"bytes={size}-" for size in had[1:])]


@pytest.mark.fault(
    "what a killed preparation left behind",
    "is removed by the next one",
    "nothing",
)
def test_what_a_killed_preparation_left_is_removed(road, tmp_path: Path) -> None:
    left = tmp_path / "results/data/.glyphs.abc/glyphs/train"
    left.mkdir(parents=True)
    (left / "images.npy").write_text("half of it")
    killing.finish(road("prepare"), tmp_path / "log")
    assert [path.name for path in (tmp_path / "results/data").iterdir()] == ["glyphs"]


@pytest.mark.fault(
    "the resume file is cut, or one bit of it is another",
    "training says so and begins anew: the same model to the bit",
    "the iterations before",
)
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_resume_file_is_not_used(
    whole: killing.Whole,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    damage: str,
) -> None:
    def stopped(self: Run) -> None:
        if self.progress.iteration >= 100:
            raise KeyboardInterrupt
        interval(self)

    killing.copy_of(whole, tmp_path, without="train")
    command, interval = chain.commands(tmp_path, whole.iterations)["train"], Run.interval
    monkeypatch.setattr(Run, "interval", stopped)
    assert main(command) == 130
    monkeypatch.undo()
    chain.damage(tmp_path / chain.RUN / "resume.safetensors", damage)
    assert main(command) == 0
    assert "begins anew" in "".join(capfd.readouterr())
    killing.compare(whole, tmp_path, whole.made["train"])
