"""Peak memory of a few meta-iterations of MAML, each program in a process of its own.

The number is the largest memory that the process ever had in use, less that of a process which has
only imported torch.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import Any

from metabench.machine.peak import peak_mb

NOTHING, OURS = "nothing", "metabench"
CALLS = 2  # after the warm-up


def measure(settings: list[str], rivals: list[str], threads: int) -> dict[str, Any]:
    """The peak of each setting and program, in 10^6 bytes."""
    empty = peak_in_process(NOTHING, "", threads)
    present = [name for name in rivals if name == "loop" or find_spec(name)]
    rows = [
        {
            "setting": setting,
            "algorithm": "maml",
            "threads": threads,
            "contestant": contestant,
            "megabytes": peak_in_process(contestant, setting, threads) - empty,
        }
        for setting in settings
        for contestant in [OURS, *present]
    ]
    return {"memory": rows, "empty_megabytes": empty}


def peak_in_process(contestant: str, setting: str, threads: int) -> float:
    """Start this module as a program, and read what it prints."""
    command = [sys.executable, "-m", __name__, contestant, setting, str(threads)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(told.stdout)


def main(contestant: str, setting: str, threads: int) -> None:
    """Call one program a few times, and print the peak."""
    import torch

    torch.set_num_threads(threads)
    if contestant != NOTHING:
        from metabench.learning.engine import default_plan
        from metabench.machine.memory import keep_freed_memory
        from metabench.speed.contestants import ours, rival
        from metabench.speed.settings import SETTINGS, workload

        work = workload(SETTINGS[setting], "maml")
        if contestant == OURS:
            keep_freed_memory()  # as meta-training does
            call = ours(work, threads, default_plan(work.tasks, threads))
        else:
            found = rival(contestant, work, threads)
            assert found is not None
            call = found
        for _ in range(CALLS):
            call()
    print(peak_mb())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
