"""Runs on one machine share its GPUs: real processes, and GPUs that are only names."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from metabench.errors import MetabenchError
from metabench.machine import devices, leases
from metabench.machine.devices import about_gpu, open_device
from metabench.machine.leases import RUNS_PER_GPU, lease

HOLDER = Path(__file__).with_name("lease_holder.py")


class Runs:
    """Processes that lease one of two GPUs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.started = folder, []

    def start(self, *options: str, runs_per_gpu: int = 1) -> subprocess.Popen[str]:
        command = [sys.executable, str(HOLDER), str(self.folder), "GPU-a", "GPU-b", *options]
        run = subprocess.Popen(
            command,
            env=os.environ | {RUNS_PER_GPU: str(runs_per_gpu)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started.append(run)
        return run


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    for run in made.started:
        with contextlib.suppress(BrokenPipeError):
            run.communicate(timeout=120)


def line(run: subprocess.Popen[str]) -> str:
    return run.stdout.readline().strip()


def test_a_run_waits_for_a_gpu_and_gets_that_of_one_that_is_killed(runs: Runs) -> None:
    first, second = runs.start(), runs.start()
    places = {line(first): first, line(second): second}
    assert set(places) == {"0", "1"}
    third = runs.start()
    assert line(third) == "all places are taken, 1 on each of 2 GPUs: waiting for one"
    child = int(line(places["1"]))
    places["1"].kill()
    assert line(third).startswith("waited ")
    assert line(third) == "1"
    os.kill(child, 0)  # what the killed run had started is alive, and has no part in the lease
    os.kill(child, 9)


def test_runs_that_may_share_gpus_are_spread_over_them(runs: Runs) -> None:
    assert [line(runs.start(runs_per_gpu=2)) for _ in range(4)] == ["0", "1", "0", "1"]
    assert line(runs.start(runs_per_gpu=2)).startswith("all places are taken, 2 on each")


def test_no_gpu_is_used_twice_however_many_runs_there_are(runs: Runs) -> None:
    crowd = [runs.start("--briefly") for _ in range(16)]
    assert [run.wait(timeout=60) for run in crowd] == [0] * 16


def test_one_process_may_lease_again_what_it_gave_back(tmp_path: Path) -> None:
    for _ in range(3):
        with lease(["GPU-a"], tmp_path) as index:
            assert index == 0


def test_other_users_may_lock_the_same_files(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        with lease(["GPU-a"], tmp_path / "gpus"):
            assert (tmp_path / "gpus").stat().st_mode & 0o7777 == 0o1777
            assert (tmp_path / "gpus" / "GPU-a.0").stat().st_mode & 0o444 == 0o444
    finally:
        os.umask(old)


@pytest.mark.parametrize("said", ["0", "-1", "two", "1.5", ""])
def test_a_wrong_number_of_runs_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv(RUNS_PER_GPU, said)
    with pytest.raises(MetabenchError, match=r"METABENCH_RUNS_PER_GPU: .* from 1 on is right"):
        leases.runs_per_gpu()


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """torch sees the second and the fourth GPU of a machine, as numbers 0 and 1."""
    names = [SimpleNamespace(uuid="second"), SimpleNamespace(uuid="fourth")]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: names[number])
    monkeypatch.setattr(torch.cuda, "device", lambda number: contextlib.nullcontext())
    monkeypatch.setattr(leases.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,3")
    return tmp_path / "metabench-gpus"


def test_a_run_takes_a_gpu_that_is_free_and_says_which(two_gpus: Path) -> None:
    with lease(["GPU-second"], two_gpus), open_device("auto") as device:
        assert device == torch.device("cuda", 1)
        assert about_gpu(device) == {"gpu": {"used": "GPU-fourth", "visible": "1,3"}}
    with open_device("cuda") as device:
        assert device == torch.device("cuda", 0)
    with open_device("cuda:1") as device, open_device("cuda") as other:
        assert (device.index, other.index) == (1, 0)


def test_a_gpu_that_is_not_there_is_an_error_of_one_line(two_gpus: Path) -> None:
    with pytest.raises(MetabenchError, match="cuda:2: no CUDA GPU but 0 to 1 is seen here"):
        devices.open_device("cuda:2").__enter__()


def test_a_cpu_is_nobodys(two_gpus: Path) -> None:
    with open_device("cpu") as device, open_device("cpu") as again:
        assert device == again == torch.device("cpu")
    assert not two_gpus.exists()


def test_a_gpu_rounds_what_it_multiplies_only_where_that_is_asked_for():
    for precision, rounds in (("tf32", True), ("float32", False)):
        with open_device("cpu", precision):
            assert torch.backends.cuda.matmul.allow_tf32 is rounds
            assert torch.backends.cudnn.allow_tf32 is rounds
