"""A study on a cluster, each of whose trainings is stopped in a way of its own while it works."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from one_node_slurm import slurm
from slurm_jobs import Job, jobs
from workflow_copy import Copy, copy_workflow

STUDY = """\
study: cluster
seeds: [0, 1, 2]
grid:
  - dataset: sinusoid_smoke
    settings: [5s]
    algorithms: [maml]
    set: {iterations: 300, validate_every: 50}
"""
PLACE = "cluster/sinusoid_smoke/1w5s/maml/seed{seed}"
PROFILE = ("--profile", "workflow/profiles/slurm")
# There is no accounting here.
HERE = ("--slurm-status-command=squeue", "--slurm-init-seconds-before-status-checks=1")
# For jobs of seconds: Snakemake would look after 40 s, then after 50, until one has ended.
OFTEN = """

import asyncio
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.sleep = lambda self: asyncio.sleep(1)
"""
PATIENCE = 600  # seconds; on two cores that do nothing else it takes a tenth of that


@dataclass(frozen=True)
class Training:
    """A process that meta-trains, as the kernel sees it."""

    process: int
    seed: int
    job: str
    gpu: str


@dataclass
class Interrupted:
    """The study, and what was seen on the way to its end."""

    copy: Copy
    together: list[Training] = field(default_factory=list)  # at work at the same time
    stopped: dict[str, Training] = field(default_factory=dict)  # by what was done to each
    jobs: list[Job] = field(default_factory=list)

    def attempts(self, seed: int) -> list[Job]:
        """The jobs of a training, in their order."""
        return [job for job in self.jobs if job.rule == f"train_maml {seed}"]

    def run(self) -> None:
        """Run the study to its page."""
        self.copy.write(STUDY)
        rule = self.copy.folder / "workflow" / "rules" / "train.smk"
        usual, often = " --memory-mb", " --resume-every 0.1 --memory-mb"
        self.copy.write(rule.read_text().replace(usual, often), str(rule))
        log = self.copy.folder / "snakemake.log"
        command = ["snakemake", *PROFILE, *HERE, "--configfile", "study.yaml"]
        with log.open("w") as out:
            snakemake = subprocess.Popen(
                command,
                cwd=self.copy.folder,
                env=self.copy.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        try:
            self.stop_all()
            snakemake.wait(PATIENCE)
        finally:
            snakemake.kill()
        assert snakemake.returncode == 0, log.read_text()
        self.jobs = jobs()

    def stop_all(self) -> None:
        """Stop each training once it could be gone on with."""
        first = self.hold()
        second = self.hold(first)
        self.together = [first, second]
        soon = datetime.now() + timedelta(seconds=5)
        until = f"EndTime={soon:%Y-%m-%dT%H:%M:%S}"
        self.stop("time limit", first, "scontrol", "update", f"JobId={first.job}", until)
        self.stop("scancel", second, "scancel", second.job)
        third = self.hold(first, second)
        self.stop("requeue", third, "scontrol", "requeue", third.job)

    def hold(self, *others: Training) -> Training:
        """Halt the first training, but for ``others``, that could be gone on with."""
        seen = {training.seed for training in others}
        training = wait_for(lambda: [t for t in self.resumable() if t.seed not in seen])[0]
        os.kill(training.process, signal.SIGSTOP)  # so that it does not end before
        return training

    def stop(self, how: str, training: Training, *command: str) -> None:
        self.stopped[how] = training
        slurm(*command)

    def resumable(self) -> list[Training]:
        """The trainings at work that have written a resume file."""
        runs = self.copy.folder / "results" / "runs"
        file = f"{PLACE}/resume.safetensors"
        return [t for t in self.at_work() if (runs / file.format(seed=t.seed)).exists()]

    def at_work(self) -> list[Training]:
        """The trainings that are processes now."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_text().split("\0")
                here = os.readlink(process / "cwd") == str(self.copy.folder)
                if not here or words[1:4] != ["-m", "metabench", "train"]:
                    continue
                entries = (process / "environ").read_text().split("\0")
            except OSError:  # it has ended
                continue
            said = dict(entry.split("=", 1) for entry in entries if "=" in entry)
            seed = int(words[words.index("--out") + 1].rpartition("seed")[2])
            gpu = said["CUDA_VISIBLE_DEVICES"]
            found.append(Training(int(process.name), seed, said["SLURM_JOB_ID"], gpu))
        return found


def cluster_copy(folder: Path) -> Copy:
    """A copy in which Snakemake asks every second whether jobs have ended."""
    copy = copy_workflow(folder)
    with (folder / "workflow" / "rules" / "cluster.smk").open("a") as rules:
        rules.write(OFTEN)
    return copy


def wait_for(look: Callable[[], list[Training]]) -> list[Training]:
    """What it finds, as soon as it finds something."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.1)
    raise TimeoutError(slurm("squeue", "--states=all"))
