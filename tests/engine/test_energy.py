"""Energy is what a device counted between two readings, and nothing where none counts."""

import json
import shutil
import subprocess

import pytest
import torch

from metabench.learning.training import train
from metabench.machine import energy
from metabench.machine.energy import Counter, Meter, gpu_counters, open_meter, processor_counters

NVML = """
#include <string.h>
int nvmlInit_v2(void) { return 0; }
int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    *device = (void *)1;
    return strcmp(uuid, "GPU-here") ? 6 : 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *shown) {
    static unsigned long long millijoules = 5000000000ULL;
    *shown = millijoules += 250;
    return device == (void *)1 ? 0 : 2;
}
"""


@pytest.fixture
def zones(tmp_path, monkeypatch):
    """Two packages of a processor, and a part of the first that must not be counted twice."""
    monkeypatch.setattr(energy, "POWERCAP", tmp_path / "powercap")

    def show(*microjoules):
        for name, value in zip(("rapl:0", "rapl:1", "rapl:0:0"), microjoules, strict=True):
            zone = tmp_path / "powercap" / f"intel-{name}"
            zone.mkdir(parents=True, exist_ok=True)
            (zone / "max_energy_range_uj").write_text("9999999\n")
            (zone / "energy_uj").write_text(f"{value}\n")

    return show


def test_packages_are_added_and_their_parts_are_not(zones):
    zones(1_000_000, 2_000_000, 500_000)
    meter = open_meter(torch.device("cpu"))
    zones(1_500_000, 4_000_000, 900_000)
    assert meter.spent() == pytest.approx(0.5 + 2.0)
    assert meter.spent() == 0.0


def test_a_counter_that_was_full_began_again(zones):
    zones(9_000_000, 0, 0)
    meter = open_meter(torch.device("cpu"))
    zones(1_000_000, 0, 0)
    assert meter.spent() == pytest.approx(2.0)


def test_where_nothing_counts_nothing_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    assert processor_counters() == []
    assert open_meter(torch.device("cpu")).spent() is None


def test_a_counter_that_can_no_longer_be_read_ends_the_count():
    shown = iter([1, 2])

    def read():
        for value in shown:
            return value
        raise OSError

    meter = Meter([Counter(read, 1.0)])
    assert meter.spent() == 1.0
    assert meter.spent() is None
    assert meter.spent() is None


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler for a library in NVIDIA's place")
def test_a_gpu_s_millijoules_are_read_from_its_library(tmp_path, monkeypatch):
    (tmp_path / "nvml.c").write_text(NVML)
    library = tmp_path / "nvml.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "nvml.c"], check=True)
    monkeypatch.setattr(energy, "NVML", str(library))
    assert gpu_counters("GPU-elsewhere") == []
    meter = Meter(gpu_counters("GPU-here"))
    assert meter.spent() == pytest.approx(0.25)


def test_without_the_library_a_gpu_is_not_counted(monkeypatch):
    monkeypatch.setattr(energy, "NVML", "libnone-of-the-kind.so.7")
    assert gpu_counters("GPU-here") == []


def test_a_run_says_what_it_took(blobs, spec, tmp_path, monkeypatch):
    readings = []
    monkeypatch.setattr(Meter, "spent", lambda self: readings.append(self) or 1.5)
    data, hp = blobs / "data/blobs", {"iterations": 4, "validate_every": 2, "train_query": 2}
    of = spec("metabench.algorithms.maml:MAML", **hp)
    train(of, data / "train", data / "val", blobs / "episodes/val", tmp_path / "run", "cpu")
    taken = json.loads((tmp_path / "run/train.json").read_text())["cost"]["joules"]
    assert taken == 1.5 * len(readings) > 3
