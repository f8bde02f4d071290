"""The profile for Slurm and docs/cluster.md, on a machine without Slurm."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from interrupted import PROFILE
from test_documents import shown
from workflow_copy import PROJECT, Copy

pytestmark = pytest.mark.workflow

SHOWN = (PROJECT / "docs" / "cluster.md").read_text()
SNAKEMAKE = re.findall(r"(?<=snakemake )-[^\"`\n]+", SHOWN)
# What other documents show as well is typed or read in test_documents.py.
COMMANDS = sorted({c.removeprefix("-n ") for c in SNAKEMAKE if f"snakemake {c}" not in shown()})


def resources(copy: Copy) -> dict[str, str]:
    """What a dry run of the smoke study says that a job of each rule gets."""
    shown = copy.snakemake("-n", *PROFILE, "--configfile", "config/smoke.yaml")
    assert shown.returncode == 0, shown.stdout
    found = re.findall(
        r"^(?:local)?rule (\w+):$.*?^    resources: (.*?)$", shown.stdout, re.M | re.S
    )
    return dict(found)


def test_every_job_has_its_partition_gpu_time_and_memory(copy: Copy) -> None:
    pytest.importorskip("snakemake_executor_plugin_slurm")
    of = resources(copy)
    for rule, minutes in {"train_maml": 1440, "train_protonet": 1440, "evaluate": 120}.items():
        wanted = {"gpu=1", "slurm_partition=gpu", f"runtime={minutes}", "mem_mb=4000"}
        assert wanted <= set(of[rule].split(", "))
    assert {"slurm_partition=cpu", "runtime=60"} <= set(of["prepare"].split(", "))
    assert "gpu=" not in of["prepare"]


def test_a_limit_holds_for_each_job_whatever_its_rule_says(copy: Copy) -> None:
    pytest.importorskip("snakemake_executor_plugin_slurm")
    profile = copy.folder / "workflow" / "profiles" / "slurm" / "profile.yaml"
    profile.write_text(profile.read_text().replace("runtime: 2880", "runtime: 600"))
    of = resources(copy)
    assert "runtime=600" in of["train_maml"]
    assert "runtime=120" in of["evaluate"]


def test_without_slurm_the_first_thing_said_is_what_to_do(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("snakemake_executor_plugin_slurm")
    tools = copy.folder / "tools"
    tools.mkdir()
    for name in ("bash", "sh", "which", "uname", "git"):
        if path := shutil.which(name):
            (tools / name).symlink_to(path)
    monkeypatch.setenv("PATH", str(tools))
    shown = copy.snakemake(*PROFILE, "--configfile", "config/smoke.yaml")
    assert shown.returncode == 1
    assert re.search(r"^metabench: error: executor slurm: there is no 'sbatch'", shown.stdout, re.M)
    assert "Traceback" not in shown.stdout
    assert not re.search(r"^(local)?rule ", shown.stdout, re.M)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_what_the_document_shows_can_be_run(copy: Copy, arguments: str) -> None:
    if "slurm" in arguments:
        pytest.importorskip("snakemake_executor_plugin_slurm")
    command = [sys.executable, "-m", "snakemake", *shlex.split(arguments), "--dry-run"]
    done = subprocess.run(
        command, cwd=copy.folder, env=copy.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_document_shows_all_ways() -> None:
    assert any("--cores all" in command for command in SNAKEMAKE)
    assert any(command.startswith("--profile") for command in COMMANDS)
    assert Path(PROJECT / PROFILE[1] / "profile.yaml").is_file()
