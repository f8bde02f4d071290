"""Slurm: is it here, and what does Snakemake need to know of it?"""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec

from metabench.doctor.finding import Finding

PLUGIN = "snakemake-executor-plugin-slurm"


def slurm() -> Finding:
    """Its commands, Snakemake's plugin for it, and whether it keeps accounts."""
    if shutil.which("sbatch") is None:
        return Finding("Slurm", "ok", "no sbatch; everything runs on this machine")
    if find_spec(PLUGIN.replace("-", "_")) is None:
        advice = "pip install -e '.[slurm]' in the project's folder"
        return Finding("Slurm", "note", "Snakemake has no plugin for it", advice)
    if not keeps_accounts():
        advice = "add `--slurm-status-command squeue`, or Snakemake waits for ever for its jobs"
        return Finding("Slurm", "note", "no accounting: sacct does not answer", advice)
    return Finding("Slurm", "ok", "sbatch, sacct, and Snakemake's plugin")


def keeps_accounts() -> bool:
    """Whether ``sacct`` answers, by which Snakemake asks how jobs ended."""
    if shutil.which("sacct") is None:
        return False
    command = ["sacct", "--noheader", "--allocations", "--name=none"]
    try:
        told = subprocess.run(command, capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return told.returncode == 0
