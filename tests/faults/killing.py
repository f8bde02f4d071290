"""Commands of metabench that are killed at random moments.

A fork server has imported the libraries once. A command begins at once, so that the moment at
which it dies falls into its own work, and fifty deaths take minutes.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import random
import shutil
import signal
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import chain
from tqdm import tqdm

from metabench.cli import main
from metabench.files.whole import read_json

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    [
        *("metabench.learning.training", "metabench.learning.evaluation"),
        *("metabench.algorithms.maml", "metabench.datasets.glyphs", "metabench.datasets.sinusoid"),
        *("metabench.datasets.prepare", "metabench.datasets.archives", "metabench.report.collect"),
        *("metabench.report.tables", "metabench.report.figures", "metabench.report.page"),
        "torch._dynamo",  # which torch.func imports when it is first used, for seconds
    ]
)


@dataclass(frozen=True)
class Whole:
    """The road walked without a stop."""

    root: Path
    iterations: int
    seconds: dict[str, float]  # of each command
    made: dict[str, list[str]]  # the files that each command wrote


def walk(root: Path, iterations: int, last: str = "page") -> Whole:
    """Run the commands in their order, to the ``last``."""
    seconds, made = {}, {}
    root.mkdir(exist_ok=True)
    finish(["--version"], root / "log")  # the fork server begins
    for stage, command in chain.commands(root, iterations).items():
        before = set(files(root))
        seconds[stage] = finish(command, root / "log")
        made[stage] = sorted(set(files(root)) - before)
        if stage == last:
            break
    return Whole(root, iterations, seconds, made)


def kill_and_compare(whole: Whole, root: Path, stage: str, kills: int, seed: int) -> int:
    """Kill a command so often, begin it again each time, and compare what it ends with.

    ``root`` is a copy of the road in which the stage's files are missing. A command that comes to
    its end before its moment is compared and begun anew from nothing.

    Returns:
        How often it came to its end; every time with what it wrote when it was left alone.
    """
    command, log = chain.commands(root, whole.iterations)[stage], root / "log"
    moments, killed, ends = random.Random(seed), 0, 0
    while killed < kills:
        assert ends < 50 * kills, f"{stage}: is done before it can be killed"
        moment = moments.uniform(0, whole.seconds[stage])
        if kill_after(moment, command, log):
            killed += 1
            print(f"{stage}: killed after {moment:.3f} s")
            if stage != "train":  # whose history grows as it goes
                compare(whole, root, [name for name in whole.made[stage] if (root / name).exists()])
        else:
            ends += 1
            compare(whole, root, whole.made[stage])
            remove(root, whole.made[stage])
    finish(command, log)
    compare(whole, root, whole.made[stage])
    assert not list(root.rglob("resume.safetensors"))
    return ends + 1


def compare(whole: Whole, root: Path, names: list[str]) -> None:
    """The named files are the same, to the bit, but for the seconds that they tell of."""
    for name in names:
        found, expected = (content(at / name, root, whole.root) for at in (root, whole.root))
        assert found == expected, f"{name}: {str(found)[:1000]} and not {str(expected)[:1000]}"


def content(path: Path, *roots: Path) -> Any:
    """What must be the same each time, wherever it was made: in one of ``roots``."""
    if path.name == "history.csv":
        with path.open(newline="") as stream:
            return [{**row, "seconds": ""} for row in csv.DictReader(stream)]
    if path.name in ("train.json", "run.json"):
        # A run that was begun again at its very end had nothing to replay.
        return {**read_json(path), "cost": 0, "sha256_of": 0, "engine": 0}
    # The page says which study it is of, and where that lies.
    whole = path.read_bytes()
    for root in roots:
        whole = whole.replace(str(root).encode(), b"")
    return whole


def copy_of(whole: Whole, root: Path, without: str = "") -> Path:
    """A copy of the road; in it, the command ``without`` has not run."""
    shutil.copytree(whole.root, root, dirs_exist_ok=True)
    remove(root, whole.made.get(without, []))
    return root


def remove(root: Path, names: list[str]) -> None:
    """Remove files."""
    for name in names:
        (root / name).unlink()


def files(root: Path) -> list[str]:
    """All results and reports below a folder, but not what a dead writer left behind."""
    names = (
        path.relative_to(root)
        for top in ("results", "reports")
        for path in (root / top).rglob("*")
        if path.is_file()
    )
    return [name.as_posix() for name in names if not any(part[0] == "." for part in name.parts)]


def finish(command: list[str], log: Path) -> float:
    """Run a command to its end; return its seconds."""
    begun = time.monotonic()
    process = start(command, log)
    process.join()
    assert process.exitcode == 0, f"{command[0]}:\n{log.read_text()[-3000:]}"
    return time.monotonic() - begun


def kill_after(seconds: float, command: list[str], log: Path) -> bool:
    """Start a command and send it SIGKILL so much later; False where it had come to its end."""
    process = start(command, log)
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), log.read_text()[-3000:]
    return process.exitcode != 0


def start(command: list[str], log: Path) -> ForkServerProcess:
    """Start a command in a process of its own."""
    process = SERVER.Process(target=_run, args=(command, str(log)))
    process.start()
    return process


def _run(command: list[str], log: str) -> None:
    told = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(told, 1)
    os.dup2(told, 2)
    tqdm.set_lock(threading.RLock())  # one of many processes would outlive a kill
    sys.exit(main(command))
