"""The memory of this process, and of a program that is run: numbers of the kernel, in 10^6 bytes.

`getrusage` alone would not do: a process begins with the mark of whoever started it, so that a
program of 10 MB that a process of 400 MB starts is said to have had 400.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

STATUS = Path("/proc/self/status")
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss: macOS counts bytes, Linux KiB


def peak_mb() -> float:
    """The largest memory of this process so far."""
    known = _told("VmHWM")  # begins when a program is loaded, and is of it alone
    if known is None:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT / 1e6
    return known


def in_use_mb() -> float:
    """The memory of this process now; where no kernel tells it, the largest."""
    known = _told("VmRSS")
    return peak_mb() if known is None else known


def run_measured(command: Sequence[str]) -> tuple[int, float]:
    """Run a program to its end: its exit status, and the largest memory of any of its processes.

    It is started by this file as a program of its own, a process of some 13 MB, since the mark that
    it begins with is that process's: none is said to have less.

    Args:
        command: the program and its arguments.

    Returns:
        The status as ``subprocess`` has it, below 0 for a signal; and 10^6 bytes.

    Raises:
        OSError: where the program cannot be run.
    """
    with tempfile.TemporaryFile("w+") as report:
        to = report.fileno()
        starter = [sys.executable, "-I", "-S", __file__, str(to), *command]
        status = subprocess.run(starter, pass_fds=[to], check=False).returncode
        report.seek(0)
        told = report.read().split()
    if not told:  # somebody ended the starter
        return status, 0.0
    error, status, largest = map(int, told)
    if error:
        raise OSError(error, os.strerror(error))
    return status, largest * UNIT / 1e6


def _told(name: str) -> float | None:
    """A number of Linux's kernel about this process; None elsewhere."""
    try:
        lines = STATUS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    of_name = (int(line.split()[1]) * 1.024e-3 for line in lines if line.startswith(f"{name}:"))
    return next(of_name, None)


def _start(report: int, command: Sequence[str]) -> None:
    """Run a program, and write three numbers: the error of starting it, its status, its memory."""
    error, status = 0, 0
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError as failed:
        error = failed.errno or -1
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    os.write(report, f"{error} {status} {largest}".encode())


if __name__ == "__main__":
    try:
        _start(int(sys.argv[1]), sys.argv[2:])
    except KeyboardInterrupt:  # of which the process above speaks
        sys.exit(130)
