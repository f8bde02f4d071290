"""The machine: GPU, cores, memory, disk, and whether results can be written."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from metabench.doctor.finding import Finding

CGROUP = Path("/sys/fs/cgroup/memory.max")  # what a container or a cluster's job may use
A_RUN_GB = 4.0  # of memory, what the workflow sets aside for one run
LEAST_GB = 1.0
LEAST_DISK_GB = 1.0
WRITTEN = ("results", "reports", "logs")


def gpu() -> Finding:
    """A GPU, by a small computation on it. This loads torch, which takes a second or two."""
    try:
        import torch
    except Exception as error:  # a broken installation fails in any way
        told = " ".join(f"{type(error).__name__}: {error}".split())
        return Finding("torch", "bad", f"cannot be loaded: {told}", "install torch again")
    if not torch.cuda.is_available():
        if shutil.which("nvidia-smi") is None:
            return Finding("GPU", "ok", "none; everything runs on the CPU")
        built = torch.version.cuda or "no CUDA"
        advice = "install the torch of your driver's CUDA: https://pytorch.org/get-started/locally"
        return Finding("GPU", "note", f"torch {torch.__version__} ({built}) sees none", advice)
    name, total = torch.cuda.get_device_name(), torch.cuda.get_device_properties(0).total_memory
    try:
        works = float((torch.arange(8.0, device="cuda") ** 2).sum()) == 140
    except RuntimeError as error:
        told = " ".join(str(error).split())[:200]
        advice = (
            "this torch has no kernels for it, or it is in use; with `CUDA_VISIBLE_DEVICES=` in "
            "front, snakemake does without"
        )
        return Finding("GPU", "bad", f"{name}: a small computation fails: {told}", advice)
    if not works:
        return Finding("GPU", "bad", f"{name}: a small computation is wrong", "do not trust it")
    return Finding("GPU", "ok", f"{name}, {total / 1e9:.0f} GB; a small computation is right")


def cores_and_memory() -> Finding:
    """What this process may use."""
    what, cores, memory = "cores and memory", usable_cores(), usable_memory() / 1e9
    found = f"{cores} and {memory:.1f} GB"
    if memory < LEAST_GB:
        return Finding(what, "bad", found, f"{A_RUN_GB:.0f} GB for each run at once are right")
    if memory < A_RUN_GB * cores:
        advice = f"`--cores {max(1, int(memory / A_RUN_GB))}` in place of `--cores all`"
        return Finding(what, "note", f"{found}, little for so many runs at once", advice)
    return Finding(what, "ok", found)


def disk(folder: Path) -> Finding:
    """The space where results will lie; `metabench check` says what a study takes."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < LEAST_DISK_GB:
        return Finding("disk", "bad", f"{free:.1f} GB are free in {folder}", "make room")
    return Finding("disk", "ok", f"{free:.1f} GB are free in {folder}")


def writable(folder: Path) -> Finding:
    """Whether files can be made where the workflow makes them."""
    for name in WRITTEN:
        place = folder / name if (folder / name).is_dir() else folder
        try:
            with tempfile.TemporaryFile(dir=place):
                pass
        except OSError as error:
            advice = "`snakemake --directory FOLDER` writes elsewhere"
            return Finding("writing", "bad", f"{place}: {error.strerror}", advice)
    return Finding("writing", "ok", f"{', '.join(WRITTEN)} in {folder}")


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usable_memory() -> float:
    """Bytes of memory: of the machine, or what a container leaves of them."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = CGROUP.read_text().strip() if CGROUP.is_file() else ""
    return min(machine, int(limit)) if limit.isdigit() else machine
