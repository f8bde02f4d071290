"""A copy of the workflow in an empty folder, and Snakemake run on it as a user would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENT = PROJECT / "docs" / "adding-an-algorithm.md"

# What Snakemake says of profiles/default before it says anything else.
PROFILE_LINE = re.compile(r"\AUsing workflow specific profile .*\n")

# A study of a few seconds with every kind of job.
STUDY = """\
study: tiny
seeds: [0]
grid:
  - dataset: sinusoid_smoke
    settings: [5s]
    algorithms: [maml]
    set: {iterations: 4, validate_every: 2}
  - dataset: glyphs_smoke
    settings: [5w1s]
    algorithms: [pretrain_head, pretrain_finetune]
    set: {iterations: 2, meta_batch: 2, validate_every: 1}
"""


@dataclass(frozen=True)
class Copy:
    """The workflow and its configuration in a folder of their own."""

    folder: Path

    def write(self, text: str, name: str = "study.yaml") -> str:
        """Write a study, or any other file of the copy."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    def write_example(self) -> None:
        """Write the files that docs/adding-an-algorithm.md shows."""
        blocks = re.findall(
            r"^```\w+\n(?:#|//) file: (\S+)\n(.*?)^```", DOCUMENT.read_text(), re.M | re.S
        )
        assert len(blocks) == 6
        for name, text in blocks:
            self.write(text, name)

    @property
    def environment(self) -> dict[str, str]:
        """In which Snakemake and its jobs find this Python, the copy's modules, and no archives."""
        return os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder),
            "METABENCH_DATA": "",
            "XDG_CACHE_HOME": str(self.folder / ".cache"),
        }

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake in the copy; its output and errors are in `stdout`, in their order."""
        done = self.run(sys.executable, "-m", "snakemake", "--cores", "2", *arguments)
        done.stdout = PROFILE_LINE.sub("", done.stdout)
        return done

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of metabench in the copy, in the same way."""
        return self.run(sys.executable, "-m", "metabench", *arguments)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run any command in the copy, in the same way."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )

    def plan(self, study: str, *arguments: str) -> list[Job]:
        """The jobs that a dry run lists."""
        shown = self.snakemake("--dry-run", *arguments, "--configfile", study)
        assert shown.returncode == 0, shown.stdout
        return parse_jobs(shown.stdout)


@dataclass(frozen=True)
class Job:
    """One job of a dry run."""

    rule: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def parse_jobs(text: str) -> list[Job]:
    """The jobs in Snakemake's output."""
    jobs = []
    for block in re.split(r"^(?:local)?rule ", text, flags=re.M)[1:]:
        files = {
            key: tuple(found[1].split(", ")) if (found := _line(key, block)) else ()
            for key in ("input", "output")
        }
        jobs.append(Job(block.split(":", 1)[0], files["input"], files["output"]))
    return jobs


def _line(key: str, block: str) -> re.Match[str] | None:
    return re.search(rf"^    {key}: (.*)$", block, re.M)


def copy_workflow(folder: Path) -> Copy:
    """Copy everything that a study is run with."""
    shutil.copy(PROJECT / "Snakefile", folder)
    for name in ("workflow", "config", "profiles", "metabench"):
        shutil.copytree(PROJECT / name, folder / name)
    return Copy(folder)
