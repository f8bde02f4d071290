"""One part of the measurement, to a file."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path
from typing import Any

from metabench.errors import MetabenchError
from metabench.files.whole import write_json
from metabench.machine import provenance
from metabench.speed.names import PARTS

LIBRARIES = ("torch", "higher", "torchopt", "snakemake")


def write_measurement(part: str, out: Path, rounds: int, snakefile: Path) -> None:
    """Measure one of ``PARTS`` and write it as JSON, with what it was measured on.

    Args:
        part: its name.
        out: the file.
        rounds: turns of each contestant.
        snakefile: the workflow that is timed.

    Raises:
        MetabenchError: where the workflow is not there.
    """
    if not snakefile.is_file():
        raise MetabenchError(f"--snakefile {snakefile}: not there; the project's is right")
    import torch

    threads = torch.get_num_threads()
    measured = measure(part, rounds, snakefile)
    about = {
        "part": part,
        "processor": provenance.device_name(torch.device("cpu")),
        "cores": os.cpu_count(),
        "threads": threads,
        "git_commit": provenance.git_commit(),
        "versions": provenance.versions() | installed(),
        "rounds": rounds,
    }
    write_json(out, about | measured)


def measure(part: str, rounds: int, snakefile: Path) -> dict[str, Any]:
    """What was measured of a part."""
    import torch

    from metabench.machine.memory import keep_freed_memory
    from metabench.speed import data, iterations, jobs, memory, workflow
    from metabench.speed.contestants import RIVALS
    from metabench.speed.settings import SETTINGS

    if part == "memory":
        return memory.measure(list(SETTINGS)[1:], list(RIVALS), torch.get_num_threads())
    if part == "jobs":
        return jobs.measure(snakefile)
    if part == "workflow":
        return workflow.measure(snakefile, rounds)
    keep_freed_memory()  # as meta-training does; the rivals gain by it too
    if part == "data":
        return data.measure(rounds)
    assert part in PARTS
    return iterations.measure(SETTINGS[part], rounds)


def installed() -> dict[str, str]:
    """The versions of the libraries that are there."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
