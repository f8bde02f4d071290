"""Made-up studies in a folder of their own, and Snakemake run on them as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import metabench
from metabench.files.whole import write_text

STUDY = "study.yaml"
JOBS_STUDY = """\
study: speed
seeds: [0, 1, 2, 3]
grid:
  - dataset: noise
    backbone: conv4-64
    settings: [5w1s]
    algorithms: [maml]
    set:
      iterations: 10
      validate_every: 10
      meta_batch: 32
      inner_lr: 0.4
      inner_steps: 1
      test_inner_steps: 3
      train_query: 1
"""
NOISE = """\
module: metabench.speed.noise
task: classification
title: Noise
backbone: conv4-64
episodes: {seed: 0, test: 600, test_queries: 1, val: 100, val_queries: 1}
"""
RUNS_STUDY = """\
study: speed
seeds: [SEEDS]
grid:
  - dataset: omniglot
    settings: [5w1s, 5w5s, 20w1s, 20w5s]
    algorithms: [maml, fomaml, reptile, imaml, protonet]
"""
RUNS_A_SEED = 20
BARE = """\
rule all:
    input: expand("{run}/evaluated", run=range(RUNS))
rule train:
    output: "{run}/trained"
    shell: "touch {output}"
rule evaluate:
    input: "{run}/trained"
    output: "{run}/evaluated"
    shell: "touch {output}"
"""


def write_jobs_study(folder: Path) -> None:
    """A study of a few short runs on noise."""
    write_text(folder / "datasets" / "noise.yaml", NOISE)
    write_text(folder / STUDY, JOBS_STUDY)


def write_runs_study(folder: Path, runs: int) -> None:
    """A study of ``runs`` runs, a multiple of 20."""
    seeds = ", ".join(map(str, range(runs // RUNS_A_SEED)))
    write_text(folder / STUDY, RUNS_STUDY.replace("SEEDS", seeds))


def write_bare_workflow(folder: Path, runs: int) -> Path:
    """The Snakefile of as many runs with nothing to them: two jobs, one input and no study."""
    snakefile = folder / "Snakefile"
    write_text(snakefile, BARE.replace("RUNS", str(runs)))
    return snakefile


def snakemake(snakefile: Path, folder: Path, *arguments: str) -> list[str]:
    """The command line that runs ``folder`` on one core, with its study where it has one."""
    where = ["--snakefile", str(snakefile.resolve()), "--directory", str(folder)]
    study = ["--configfile", str(folder / STUDY)] if (folder / STUDY).exists() else []
    return [sys.executable, "-m", "snakemake", "--cores", "1", *where, *arguments, *study]


def environment(folder: Path) -> dict[str, str]:
    """This process's, this Python and metabench first, and Snakemake's cache in ``folder``."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    package = str(Path(metabench.__file__).parents[1])
    python_path = os.pathsep.join([package, os.environ.get("PYTHONPATH", "")])
    cache = str(folder / ".cache")
    return os.environ | {"PATH": path, "PYTHONPATH": python_path, "XDG_CACHE_HOME": cache}


def run(command: list[str], folder: Path) -> str:
    """Run a command to its end, and return what it says.

    Raises:
        RuntimeError: with what it says, if it fails.
    """
    done = subprocess.run(
        command,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout[-3000:]}")
    return done.stdout


def seconds_of_run(command: list[str], folder: Path) -> float:
    """Seconds that a command takes."""
    begun = time.perf_counter()
    run(command, folder)
    return time.perf_counter() - begun
