"""What a job of meta-training takes beside its meta-iterations.

MAML on 5-way 1-shot tasks of 28x28 noise, as many images as Omniglot has, 32 tasks, one core.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from metabench.speed.studies import (
    STUDY,
    environment,
    run,
    seconds_of_run,
    snakemake,
    write_jobs_study,
)

RUN = "results/runs/speed/noise/5w1s/maml/seed{seed}"
DATA = "results/data/noise"
EPISODES = "results/episodes/noise/val-5w1s"
SEVERAL = (1, 2, 3)  # seeds that are trained in one call


def measure(snakefile: Path) -> dict[str, Any]:
    """Seconds from `snakemake` to the first step, of each further job, and of a job's parts."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_jobs_study(folder)
        run(snakemake(snakefile, folder, f"{EPISODES}/episodes.json"), folder)
        first, whole = first_step(snakefile, folder)
        models = [f"{RUN.format(seed=seed)}/model.safetensors" for seed in SEVERAL]
        several = seconds_of_run(snakemake(snakefile, folder, *models), folder)
        return {
            "jobs": {
                "snakemake_to_first_step": first,
                "snakemake_with_one_job": whole,
                "each_further_job": (several - whole) / (len(SEVERAL) - 1),
                **parts(marks(snakefile, folder)),
            }
        }


def first_step(snakefile: Path, folder: Path) -> tuple[float, float]:
    """Seconds from the command to a job's first meta-iteration, and to the command's end."""
    target = RUN.format(seed=0)
    command = snakemake(snakefile, folder, f"{target}/model.safetensors")
    begun = time.perf_counter()
    program = subprocess.Popen(
        command, env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    # Meta-training writes the head of its history right before it begins.
    while not (folder / target / "history.csv").exists():
        if program.poll() is not None:
            raise RuntimeError(f"{' '.join(command)}: exit status {program.returncode}")
        time.sleep(0.005)
    first = time.perf_counter() - begun
    program.wait()
    return first, time.perf_counter() - begun


def marks(snakefile: Path, folder: Path) -> dict[str, float]:
    """When a job that is watched came to what, in seconds since its start."""
    from metabench.study.config import load

    spec = load(folder / STUDY, snakefile.resolve().parent / "config").models[0].to_json()
    paths = [folder / name for name in (f"{DATA}/train", f"{DATA}/val", EPISODES, "watched")]
    command = [sys.executable, "-m", "metabench.speed.job"]
    told = subprocess.run(
        [*command, str(time.monotonic()), spec, *map(str, paths)],
        env=environment(folder) | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return found


def parts(at: dict[str, float]) -> dict[str, float]:
    """Seconds of a job's parts, from when each was over."""
    over = [seconds for name, seconds in at.items() if name.startswith("iteration ")]
    each = [b - a for a, b in zip([at["read"], *over], over, strict=False)]
    return {
        "python_and_imports": at["imported"],
        "reading": at["read"] - at["imported"],
        "first_iteration": each[0],
        "recording_iteration": each[1],
        "compared_iteration": each[2],
        "further_iteration": statistics.median(each[3:]),
        "validating_and_writing": at["done"] - over[-1],
    }
