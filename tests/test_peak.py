"""Memory is that of the process that is asked about, whatever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from metabench.machine.peak import in_use_mb, peak_mb, run_measured

FROM_HERE = "from metabench.machine.peak import peak_mb; print(peak_mb())"
LARGE = "b'x' * 200_000_000"


def python(code: str) -> list[str]:
    """A program in the smallest process that Python has."""
    return [sys.executable, "-I", "-S", "-c", code]


def test_the_peak_is_the_largest_that_was_in_use(held):
    now = in_use_mb()
    with held(300):
        assert in_use_mb() >= now + 290
    assert in_use_mb() < peak_mb() - 290


def test_a_process_does_not_begin_with_the_mark_of_the_one_that_started_it(held):
    with held(300):
        told = subprocess.check_output([sys.executable, "-c", FROM_HERE], text=True)
    assert float(told) < 100


def test_the_peak_of_a_program_is_its_own(held):
    with held(300):
        assert run_measured(python("pass"))[1] < 50
        assert 200 < run_measured(python(LARGE))[1] < 250


def test_the_largest_of_a_programs_processes_counts():
    code = f"import subprocess; subprocess.run({python(LARGE)!r})"
    assert 200 < run_measured(python(code))[1] < 250


def test_a_program_meets_what_it_would_meet_without_being_measured():
    code = (
        "import os, sys; print(os.environ['X'], sys.argv[1:], input(), os.listdir('/proc/self/fd'))"
    )
    plain = [*python(code), "a b", "--", ""]
    run = f"from metabench.machine.peak import *; run_measured({plain})"
    measured = [sys.executable, "-c", run]
    said = {
        subprocess.check_output(command, input="told", env={**os.environ, "X": "set"}, text=True)
        for command in (plain, measured)
    }
    assert len(said) == 1
    assert said.pop().startswith("set ['a b', '--', ''] told ")


def test_how_a_program_ended_is_told():
    assert run_measured(python("raise SystemExit(3)"))[0] == 3
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run_measured(python(killed))[0] == -signal.SIGKILL
    with pytest.raises(FileNotFoundError, match="No such file or directory"):
        run_measured(["no-such-program"])
    with pytest.raises(PermissionError):
        run_measured([str(Path(__file__))])
