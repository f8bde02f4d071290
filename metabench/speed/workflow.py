"""How long Snakemake takes over studies of thousands of runs, and the command line to say hello."""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from metabench.files.whole import write_text
from metabench.speed.clock import seconds_of
from metabench.speed.studies import (
    run,
    seconds_of_run,
    snakemake,
    write_bare_workflow,
    write_runs_study,
)

DRY_RUNS = (1_000, 10_000)
FINISHED = 1_000


def measure(snakefile: Path, rounds: int) -> dict[str, Any]:
    """Seconds of each, and of the shortest that any such command can take."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        hello = {
            "metabench --help": [sys.executable, "-m", "metabench", "--help"],
            "python, doing nothing": [sys.executable, "-c", "pass"],
            "snakemake --version": [sys.executable, "-m", "snakemake", "--version"],
        }
        rows = [
            {"what": what, "runs": 0, "seconds": seconds_of_hello(command, folder, rounds)}
            for what, command in hello.items()
        ]
        for runs in DRY_RUNS:
            seconds = bare_dry_run(folder / f"bare{runs}", runs)
            rows.append({"what": "dry run of bare rules", "runs": runs, "seconds": seconds})
            seconds = dry_run(snakefile, folder / f"dry{runs}", runs)
            rows.append({"what": "dry run", "runs": runs, "seconds": seconds})
        seconds = check_again(snakefile, folder / "finished", FINISHED)
        rows.append({"what": "re-check of a finished study", "runs": FINISHED, "seconds": seconds})
    return {"workflow": rows}


def seconds_of_hello(command: list[str], folder: Path, rounds: int) -> float:
    """The median of a few runs, after one that fills the file system's cache."""
    run(command, folder)
    return statistics.median(seconds_of(lambda: run(command, folder)) for _ in range(rounds))


def dry_run(snakefile: Path, folder: Path, runs: int) -> float:
    """`snakemake -n` of a study that nothing has been done of."""
    write_runs_study(folder, runs)
    return seconds_of_run(snakemake(snakefile, folder, "-n"), folder)


def bare_dry_run(folder: Path, runs: int) -> float:
    """`snakemake -n` of as many pairs of jobs with no study behind them: Snakemake's own share."""
    snakefile = write_bare_workflow(folder, runs)
    return seconds_of_run(snakemake(snakefile, folder, "-n"), folder)


def check_again(snakefile: Path, folder: Path, runs: int) -> float:
    """`snakemake` on a study that is done, so that nothing is left to do."""
    write_runs_study(folder, runs)
    finish(snakefile, folder)
    command = snakemake(snakefile, folder)
    told: list[str] = []
    seconds = seconds_of(lambda: told.append(run(command, folder)))
    if "Nothing to be done" not in told[0]:
        raise RuntimeError(f"the finished study is not finished:\n{told[0][-3000:]}")
    return seconds


def finish(snakefile: Path, folder: Path) -> None:
    """Write every output that a dry run names, and let Snakemake note them as its own."""
    planned = run(snakemake(snakefile, folder, "-n"), folder)
    for path in outputs(planned):
        write_text(folder / path, "")
    run(snakemake(snakefile, folder, "--touch", "--forceall"), folder)


def outputs(planned: str) -> list[str]:
    """The files that a dry run says it would write."""
    lines = re.findall(r"^    output: (.*)$", planned, re.M)
    return [path for line in lines for path in line.split(", ")]
