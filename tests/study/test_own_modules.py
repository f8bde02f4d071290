"""What is wrong with a module of one's own is one line that names the file and what would be right.

The module is an algorithm's or a data set's, and may do anything when it is imported or asked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from metabench.errors import MetabenchError
from metabench.study.config import load
from metabench.study.plan import describe

CONFIG = Path(__file__).resolve().parents[2] / "config"
STUDY = "study: own\nseeds: [0]\ngrid:\n  - {dataset: %s, settings: [%s], algorithms: [%s]}\n"
ALGORITHM = "title: Mine\nclass: mine:Mine\ntasks: [regression]\n"
DATASET = """\
module: mine
task: classification
title: Mine
backbone: conv4-8
episodes: {seed: 0, test: 5, test_queries: 1, val: 5, val_queries: 1}
"""
IMPORTS = """\
import sys
from dataclasses import dataclass
from typing import Literal
from metabench.algorithm import Algorithm
from metabench.hyperparameters import Hyperparameters, setting
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that modules are found in; none of a test is remembered after it."""
    monkeypatch.syspath_prepend(tmp_path)
    for kind in ("algorithms", "datasets"):
        (tmp_path / kind).mkdir()
    yield tmp_path
    sys.modules.pop("mine", None)


def said(folder: Path, study: str) -> str:
    """What a check says of a study that cannot be run."""
    (folder / "study.yaml").write_text(study)
    with pytest.raises(MetabenchError) as error:
        describe(load(folder / "study.yaml", CONFIG), CONFIG)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(str(folder))
    return message


def hyperparameters(fields: str, decorator: str = "@dataclass(frozen=True)") -> str:
    """An algorithm with a field of its own."""
    declared = f"{decorator}\nclass HP(Hyperparameters):\n    {fields}\n"
    return f"{declared}class Mine(Algorithm):\n    hyperparameters = HP\n"


RIGHT = "a type in it is none (name 'Flaot' is not defined); int, float, bool, str, Literal"
ALGORITHMS = {
    "it ends the program": (
        "class Mine(Algorithm): ...\nsys.exit()\n",
        "mine cannot be imported: SystemExit; keep what runs under if __name__ == '__main__'",
    ),
    "it fails": ("1 / 0\n", "cannot be imported: ZeroDivisionError: division by zero (mine.py, "),
    "it is no algorithm": ("class Mine: ...\n", "class: mine:Mine is no algorithm; a class"),
    "its hyperparameters are none": (
        "class Mine(Algorithm):\n    hyperparameters = dict\n", "mine:Mine has no `hyperparameters`"
    ),
    "a field without a setting": (
        hyperparameters("lr: float = 0.1"), 'class: HP.lr: write setting(0.1, "what it is")'
    ),
    "one that does not say what it is": (
        hyperparameters("lr: float = setting(0.1, 5)"), "class: HP.lr: write setting(0.1, "
    ),
    "one that may be nothing": (
        hyperparameters("lr: float | None = setting(None, 'a rate')"),
        "class: HP.lr: its type is float | None; int, float, bool",
    ),
    "a list": (
        hyperparameters("lrs: list[float] = setting((1.0,), 'rates')"), "type is list[float]; int"
    ),
    "a bare tuple": (hyperparameters("lrs: tuple = setting((1.0,), 'rates')"), "is tuple; int"),
    "one of some numbers": (
        hyperparameters("k: Literal[1, 2] = setting(1, 'a kind')"), "type is Literal[1, 2]; int"
    ),
    "a misspelt type": (hyperparameters("lr: 'Flaot' = setting(0.1, 'a rate')"), f"HP: {RIGHT}"),
    "a bound that is a text": (
        hyperparameters("k: int = setting(5, 'steps', least='1')"), "HP.k: least is '1'; a number"
    ),
    "a default out of its range": (
        hyperparameters("k: int = setting(0, 'steps', least=1)"),
        "HP: default: 'k' is 0; a whole number at least 1",
    ),
    "a default that it refuses itself": (
        hyperparameters("def __post_init__(self): 1 / 0"), "failed: ZeroDivisionError: division by"
    ),
    "no decorator": (
        hyperparameters("k: int = setting(5, 'steps')", decorator=""),
        "class: HP: write @dataclass(frozen=True) above HP",
    ),
    "another default without its type": (
        hyperparameters("meta_batch = 25"), "HP.meta_batch: without a type in HP, where it changes"
    ),
    "a network that it fails on": (
        "class Mine(Algorithm):\n    @classmethod\n    def check_network(cls, network): 1 / 0\n",
        "backbone 'mlp-40-40': mine.Mine.check_network failed: ZeroDivisionError: division by zero "
        "(mine.py, line 8)",
    ),
    "a check of networks that is no class method": (
        "class Mine(Algorithm):\n    def check_network(self, network): ...\n",
        "check_network failed: TypeError: Mine.check_network() missing 1 required positional arg",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", ALGORITHMS)
def test_what_is_wrong_with_an_algorithm_of_one_s_own_is_named(folder: Path, mistake: str) -> None:
    code, expected = ALGORITHMS[mistake]
    (folder / "mine.py").write_text(IMPORTS + code)
    (folder / "algorithms" / "mine.yaml").write_text(ALGORITHM)
    assert expected in said(folder, STUDY % ("sinusoid", "5s", "mine"))


FUNCTIONS = """\
def check(options, where): ...
def archives(options): return []
def sizes(options): return {}
def prepare(options, sources, out): ...
"""
DATASETS = {
    "a check that fails": (
        "def check(options, where): options['size']",
        "options: mine.check failed: KeyError: 'size' (mine.py, line 5)",
    ),
    "a check of other arguments": ("def check(options): ...", "check failed: TypeError: check()"),
    "a function that ends the program": ("def sizes(options): exit()", "sizes failed: SystemExit"),
    "sizes that are pairs": (
        "def sizes(options): return {'val': (5, 20)}",
        "module: mine.sizes returned {'val': (5, 20)}; a dict of Sizes is right",
    ),
    "archives that are forgotten": (
        "def archives(options): pass", "module: mine.archives returned None; a list of Archive is"
    ),
    "settings that are texts": (
        "def settings(options): return ['5w1s']", "settings returned ['5w1s']; a list of (way"
    ),
    "options that no job can be told": (
        "def complete(options, within_group, folder, where): return {'a': folder, 'b': b''}",
        "b''}; a dict of what JSON can hold is right",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", DATASETS)
def test_what_is_wrong_with_a_data_set_of_one_s_own_is_named(folder: Path, mistake: str) -> None:
    code, expected = DATASETS[mistake]
    (folder / "mine.py").write_text(f"{FUNCTIONS}{code}\n")
    (folder / "datasets" / "mine.yaml").write_text(DATASET)
    assert expected in said(folder, STUDY % ("mine", "5w1s", "protonet"))
