"""The road from nothing to a page, as commands on the smallest data that there are."""

from __future__ import annotations

from pathlib import Path

from metabench.files.whole import canonical, write_text
from metabench.spec import DataSpec, RunSpec

OPTIONS = {"train_alphabets": 1, "val_alphabets": 1, "test_alphabets": 1}
GLYPHS = DataSpec(
    "glyphs", "metabench.datasets.glyphs", "classification", {**OPTIONS, "characters": 5}
)
WAVES = DataSpec("waves", "metabench.datasets.sinusoid", "regression")
HP = {"meta_batch": 4, "validate_every": 25, "inner_lr": 0.01, "inner_steps": 1}
HP |= {"test_inner_steps": 2, "train_query": 5}
STUDY = """\
study: faults
seeds: [0]
grid: [{dataset: waves, settings: [5s], algorithms: [maml]}]
"""
RUN = "results/runs/faults/waves/1w5s/maml/seed0"
EPISODES = "results/episodes/waves"


def spec(iterations: int) -> RunSpec:
    """MAML on sine waves."""
    maml, hp = "metabench.algorithms.maml:MAML", {**HP, "iterations": iterations}
    return RunSpec("faults", WAVES, 1, 5, "maml", maml, 0, "mlp-40-40", hp, iterations)


def commands(root: Path, iterations: int = 100) -> dict[str, list[str]]:
    """The commands in their order; ``root`` is the folder that a user would be in."""
    run, report = root / RUN, root / "reports/faults"
    drawn = ["--data", canonical(vars(WAVES)), "--way", 1, "--shot", 5]
    drawn += ["--count", 10, "--queries", 10, "--seed", 0]
    of = ["--spec", spec(iterations).to_json(), "--device", "cpu", "--out", run]
    val, test = root / EPISODES / "val-1w5s", root / EPISODES / "test-1w5s"
    study = ["--study", root / "study.yaml"]
    made = ["--report", report]
    if not (root / "study.yaml").exists():
        write_text(root / "study.yaml", STUDY)
    lists = {
        "prepare": ["--data", canonical(vars(GLYPHS)), "--out", root / "results/data/glyphs"],
        "val": [*drawn, "--split", "val", "--out", val],
        "test": [*drawn, "--split", "test", "--out", test],
        "train": [*of, "--val-episodes", val, "--resume-every", 0],
        "evaluate": [*of, "--episodes", test, "--model", run],
        "collect": [*study, "--results", root / "results", "--out", report],
        "tables": [*study, *made],
        "figures": [*study, *made, "--results", root / "results"],
        "page": [*study, *made],
    }  # fmt: skip
    called = {"val": "episodes", "test": "episodes"}
    return {name: [called.get(name, name), *map(str, words)] for name, words in lists.items()}


def damage(path: Path, how: str) -> None:
    """Cut a file in the middle, or turn one bit there."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    if how == "cut":
        del content[middle:]
    else:
        content[middle] ^= 1
    path.write_bytes(content)
