"""What is not right on a machine is said in plain words, with what to do."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from metabench.cli import main
from metabench.doctor import archives, cluster, machine, software
from metabench.doctor import project as project_folder
from metabench.doctor.finding import Finding

PROJECT = Path(__file__).resolve().parents[2]
Patch = pytest.MonkeyPatch


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: Patch) -> Callable[..., None]:
    """Have these commands, with the status that each ends with, and no others."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def have(**statuses: int) -> None:
        for name, status in statuses.items():
            (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n")
            (tmp_path / name).chmod(0o755)

    return have


def test_this_installation_is_usable(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.delenv("METABENCH_DATA", raising=False)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert software.python().state == "ok"
    assert software.snakemake().state == "ok"
    assert machine.writable(tmp_path).state == "ok"
    assert machine.cores_and_memory().state != "bad"


def test_a_library_that_is_missing_or_too_old_is_named(monkeypatch: Patch) -> None:
    needs = ["numpy>=999", "no-such-library", 'other>=1; extra == "dev"', "pyyaml>=1"]
    monkeypatch.setattr(software, "requires", lambda name: needs)
    found = software.libraries()
    assert found.state == "bad"
    numpy = importlib.metadata.version("numpy")
    assert found.found == f"numpy is {numpy}, supported is >=999; no-such-library is missing"


def test_a_python_that_is_too_old_is_named(monkeypatch: Patch) -> None:
    monkeypatch.setattr(software.platform, "python_version", lambda: "3.8.1")
    assert software.python().state == "bad"
    assert "3.11" in software.python().advice


def test_a_snakemake_of_another_environment_is_noted(commands: Callable[..., None]) -> None:
    assert software.snakemake().state == "bad"
    commands(snakemake=0)
    assert software.snakemake().state == "note"


def test_a_full_disk_and_a_folder_that_cannot_be_written_are_bad(
    monkeypatch: Patch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "LEAST_DISK_GB", 1e9)
    assert machine.disk(tmp_path).state == "bad"
    (tmp_path / "results").mkdir()

    def refuse(dir: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(machine.tempfile, "TemporaryFile", refuse)
    assert machine.writable(tmp_path).found == f"{tmp_path / 'results'}: Permission denied"


def test_little_memory_for_many_cores_is_noted(monkeypatch: Patch) -> None:
    monkeypatch.setattr(machine, "usable_cores", lambda: 16)
    monkeypatch.setattr(machine, "usable_memory", lambda: 8e9)
    assert machine.cores_and_memory().advice == "`--cores 2` in place of `--cores all`"
    monkeypatch.setattr(machine, "usable_memory", lambda: 5e8)
    assert machine.cores_and_memory().state == "bad"


def test_a_container_s_limit_of_memory_counts(monkeypatch: Patch, tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "CGROUP", limit)
    limit.write_text("1000000\n")
    assert machine.usable_memory() == 1e6
    limit.write_text("max\n")
    assert machine.usable_memory() > 1e8


def test_a_gpu_whose_kernels_fail_is_bad(monkeypatch: Patch) -> None:
    torch = pytest.importorskip("torch")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no kernel image is available\nfor execution")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Old GPU")
    properties = type("Properties", (), {"total_memory": 8e9})
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    monkeypatch.setattr(torch, "arange", fail)
    found = machine.gpu()
    assert found.state == "bad"
    assert found.found.endswith("fails: no kernel image is available for execution")


def test_a_driver_that_torch_does_not_see_is_noted(
    monkeypatch: Patch, commands: Callable[..., None]
) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert machine.gpu().state == "ok"
    commands(**{"nvidia-smi": 0})
    assert machine.gpu().state == "note"


def test_slurm_without_accounting_is_told_apart(
    monkeypatch: Patch, commands: Callable[..., None]
) -> None:
    assert cluster.slurm().found.startswith("no sbatch")
    commands(sbatch=0)
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    assert cluster.slurm().advice == "pip install -e '.[slurm]' in the project's folder"
    monkeypatch.setattr(cluster, "find_spec", lambda name: name)
    assert "--slurm-status-command squeue" in cluster.slurm().advice
    commands(sacct=1)
    assert "--slurm-status-command squeue" in cluster.slurm().advice
    commands(sacct=0)
    assert cluster.slurm().state == "ok"


def test_a_folder_that_is_not_the_project_s_is_bad(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for config in (Path("config"), Path("/nonexist")):
        found = project_folder.project(config)
        assert found.state == "bad"
        assert found.found.startswith(f"no folder {config / 'datasets'}")
        assert "--config" in found.advice
    for name in project_folder.FOLDERS:
        (tmp_path / "config" / name).mkdir(parents=True)
    assert project_folder.project(Path("config")).found.startswith("no Snakefile here")
    (tmp_path / "Snakefile").touch()
    assert project_folder.project(Path("config")).state == "ok"
    assert project_folder.project(PROJECT / "config").state == "ok"


def test_every_archive_of_the_project_is_looked_for(monkeypatch: Patch) -> None:
    monkeypatch.delenv("METABENCH_DATA", raising=False)
    assert archives.data_folder().state == "note"
    found = {each.what: each for each in archives.every_archive(PROJECT / "config")}
    assert "downloaded from" in found["images_background.zip"].found
    assert found["CUB_200_2011_subset.zip"].state == "note"


def test_a_data_set_that_is_not_right_hides_no_archive(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.setenv("METABENCH_DATA", str(tmp_path))
    shutil.copytree(PROJECT / "config/datasets", tmp_path / "datasets")
    whole = [str(each) for each in archives.every_archive(tmp_path)]
    (tmp_path / "datasets/birds.yaml").write_text(
        "module: metabench.datasets.image_folder\ntask: classification\ntitle: Birds\n"
        "options: {images: birds, size: 16, divide: {val: 0.3, test: 0.3}}\nbackbone: conv4-8\n"
        "episodes: {seed: 0, test: 5, test_queries: 1, val: 5, val_queries: 1}\n"
    )
    (tmp_path / "datasets/waves.yaml").write_text("title: Waves\n")
    bad, other, *rest = map(str, archives.every_archive(tmp_path))
    assert bad.startswith("bad  data set birds: ")
    assert f"there is no {tmp_path / 'birds'}" in bad
    assert other.startswith("bad  data set waves: ")
    assert rest == whole


def test_a_folder_of_archives_that_is_not_there_is_bad(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.setenv("METABENCH_DATA", str(tmp_path / "gone"))
    found = archives.data_folder()
    assert found.state == "bad"
    assert found.found == f"METABENCH_DATA: no such folder: {tmp_path / 'gone'}"
    assert found.advice == "name a folder that is there, or unset it"
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    monkeypatch.setenv("METABENCH_DATA", f"~/{tmp_path.name}")
    assert archives.data_folder().found == f"METABENCH_DATA is {tmp_path}"


def test_an_archive_that_is_not_the_published_one_is_bad(
    monkeypatch: Patch, tmp_path: Path
) -> None:
    monkeypatch.setenv("METABENCH_DATA", str(tmp_path))
    (tmp_path / "images_background.zip").write_text("not a zip")
    found = {each.what: each for each in archives.every_archive(PROJECT / "config")}
    assert found["images_background.zip"].state == "bad"
    assert found["images_evaluation.zip"].state == "ok"


@pytest.mark.data
def test_real_archives_are_known_by_their_content() -> None:
    if not os.environ.get("METABENCH_DATA"):
        pytest.skip("METABENCH_DATA names no folder of raw archives")
    found = {each.what: each for each in archives.every_archive(PROJECT / "config")}
    known = ("known by its content", "the published file")
    assert found["images_background_small1.zip"].found.endswith(known)


def test_what_is_bad_makes_the_command_fail(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(folder: Path, config: Path) -> list[Finding]:
        return [Finding("disk", state, "0.1 GB are free", "make room")]

    state = "bad"
    monkeypatch.setattr("metabench.doctor.examine.examine", found)
    assert main(["doctor"]) == 1
    shown = capsys.readouterr()
    assert shown.out == "bad  disk: 0.1 GB are free\n       -> make room\n"
    assert shown.err == "metabench: error: doctor: 1 of the above must be put right: see 'bad'\n"
    state = "note"
    assert main(["doctor"]) == 0


def test_the_help_loads_neither_torch_nor_pandas() -> None:
    code = "import sys; from metabench.cli import main\ntry: main(['--help'])\nexcept SystemExit: "
    code += "sys.exit(any(name in sys.modules for name in ('torch', 'pandas', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0
