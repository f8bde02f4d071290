"""Every check in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from metabench.doctor import archives, cluster, machine, project, software
from metabench.doctor.finding import Finding
from metabench.errors import MetabenchError


def examine(folder: Path, config: Path) -> Iterator[Finding]:
    """What is found, as it is found: large archives take a while to verify.

    Args:
        folder: where studies are run.
        config: the folder that describes the data sets.
    """
    yield software.python()
    yield software.libraries()
    yield software.snakemake()
    yield software.compilers()
    yield machine.gpu()
    yield machine.cores_and_memory()
    yield machine.disk(folder)
    yield machine.writable(folder)
    yield project.project(config)
    yield cluster.slurm()
    where = archives.data_folder()
    yield where
    if where.state != "bad":
        yield from archives.every_archive(config)


def report(folder: Path, config: Path) -> None:
    """Print every finding.

    Raises:
        MetabenchError: where something must be put right before metabench is of use.
    """
    bad = 0
    for finding in examine(folder, config):
        print(finding, flush=True)
        bad += finding.state == "bad"
    if bad:
        raise MetabenchError(f"doctor: {bad} of the above must be put right: see 'bad'")
    print("metabench can be used here")
