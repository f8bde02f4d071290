"""What is counted, how times are compared, and what Snakemake's plan says. No time is tested."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from metabench.cli import main
from metabench.datasets.store import load_split
from metabench.errors import MetabenchError
from metabench.inner_steps.names import STEPS, WAYS
from metabench.learning.engine import default_plan
from metabench.speed import clock, iterations, noise, operations
from metabench.speed.contestants import ours
from metabench.speed.data import meta_testing, shares
from metabench.speed.jobs import parts
from metabench.speed.measure import write_measurement
from metabench.speed.names import PARTS
from metabench.speed.settings import workload
from metabench.speed.studies import run, snakemake, write_bare_workflow, write_runs_study
from metabench.speed.workflow import outputs


def test_everyone_has_as_many_turns_and_nobody_always_goes_first():
    order: list[str] = []
    calls = {name: (lambda name=name: order.append(name)) for name in "abc"}
    seconds = clock.interleaved(calls, rounds=3, turn=0.0)
    assert {len(values) for values in seconds.values()} == {3}
    turns = order[3:]  # after one call each, to know how long it takes
    assert [turns[i : i + 3] for i in (0, 3, 6)] == [list("abc"), list("bca"), list("cab")]


def test_a_budget_that_is_spent_leaves_the_fewest_rounds():
    seconds = clock.interleaved({"a": lambda: None}, rounds=50, turn=0.0, budget=0.0)
    assert len(seconds["a"]) == clock.FEWEST


def test_a_ratio_is_the_median_of_each_rounds_quotient():
    # One round in which everything took ten times as long changes nothing.
    assert clock.ratio([2.0, 30.0, 4.0], [1.0, 10.0, 1.0]) == 3.0
    assert clock.spread([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 4.0)
    assert clock.spread([7.0]) == (7.0, 7.0)


def test_operations_of_a_matrix_product_and_a_convolution_are_counted():
    a, b = torch.ones(3, 5), torch.ones(5, 7)
    assert operations.counted(lambda: a @ b) == 2 * 3 * 5 * 7
    x, w = torch.ones(2, 4, 6, 6), torch.ones(8, 4, 3, 3)
    of_convolution = 2 * (2 * 8 * 6 * 6) * (4 * 3 * 3)
    assert operations.counted(lambda: torch.conv2d(x, w, padding=1)) == of_convolution


def test_operations_of_a_replayed_meta_gradient_are_those_of_its_products(small_settings):
    """FOMAML of one inner step on 1-40-40-1: each layer thrice, but the inputs' gradient."""
    setting = small_settings["mlp"]
    products = 40 + 40 * 40 + 40  # multiplications of one example's forward pass
    in_weights, in_inputs = products, products - 40
    one_example = 2 * (products + in_weights + in_inputs)
    expected = setting.tasks * (setting.shot + setting.queries) * one_example
    work = workload(setting, "fomaml")
    counted = operations.counted(ours(work, 1, default_plan(work.tasks)))
    assert counted == pytest.approx(expected, rel=0.05)


def test_a_row_has_the_median_and_no_gradient_is_far_from_ours(small_settings):
    rows = iterations.algorithm_rows(small_settings["mlp"], "maml", [1], rounds=3)
    assert rows[0]["contestant"] == "metabench"
    assert rows[0]["times_ours"] == 1.0
    for row in rows:
        assert row["seconds_low"] <= row["seconds"] <= row["seconds_high"]
        assert row["difference_float64"] < 1e-10
        assert row["rounds"] == 3


def test_parts_of_an_iteration_and_meta_testing_are_of_the_setting(small_settings, monkeypatch):
    row = shares(small_settings["strided"], 1, 3)
    assert row["setting"] == "omniglot-5w1s"
    assert min(row["draw"], row["meta_gradient"], row["update"]) > 0
    few = {"OMNIGLOT_5": small_settings["strided"], "QUERIES": 2, "COUNTED": 2}
    for name, value in few.items():
        monkeypatch.setattr(f"metabench.speed.data.{name}", value)
    first, whole = meta_testing("maml", 4)
    assert first["mode"] == "transductive"
    assert whole["operations"] > first["operations"] > 0  # inductive predictions come on top


def test_what_a_job_takes_adds_up_to_its_whole():
    marks = {"imported": 1.0, "read": 1.5, "done": 9.0}
    marks |= {f"iteration {n}": 2.0 + n for n in range(1, 6)}
    found = parts(marks)
    assert found["further_iteration"] == 1.0
    assert found["first_iteration"] == 1.5
    told = sum(found.values()) + (5 - 4) * found["further_iteration"]
    assert told == pytest.approx(marks["done"])


def test_the_outputs_of_a_plan_are_read_from_it():
    planned = "rule a:\n    input: x\n    output: b/c.npy, b/d.json\n    log: l\n"
    assert outputs(planned) == ["b/c.npy", "b/d.json"]


def test_noise_has_the_sizes_that_it_says(tmp_path, monkeypatch):
    monkeypatch.setattr(noise, "CLASSES", {"train": 3, "val": 2, "test": 2})
    noise.prepare({}, {}, tmp_path)
    for split, sizes in noise.sizes({}).items():
        assert len(load_split(tmp_path / split).classes) == sizes.classes


def test_without_a_workflow_nothing_is_measured(tmp_path):
    with pytest.raises(MetabenchError, match="--snakefile"):
        write_measurement("workflow", tmp_path / "x.json", 1, tmp_path / "Snakefile")
    assert main(["speed", "jobs", "--out", "x", "--snakefile", str(tmp_path / "none")]) == 1


def test_snakemake_knows_the_targets(tmp_path):
    snakefile = Path(__file__).resolve().parents[2] / "Snakefile"
    write_runs_study(tmp_path, 20)
    planned = run(snakemake(snakefile, tmp_path, "-n", "speed", "inner_steps"), tmp_path)
    wanted = {f"results/speed/{part}.json" for part in PARTS}
    wanted |= {f"results/inner_steps/{way}-{steps}.json" for way in WAYS for steps in STEPS}
    assert wanted < set(outputs(planned))


def test_the_bare_workflow_has_two_jobs_a_run(tmp_path):
    planned = run(snakemake(write_bare_workflow(tmp_path, 7), tmp_path, "-n"), tmp_path)
    assert len(outputs(planned)) == 14
