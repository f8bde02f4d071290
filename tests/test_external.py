"""A program is run, what it wrote is checked where it wrote it, and the run is described."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from metabench.cli import main
from metabench.errors import MetabenchError
from metabench.external import run_external
from metabench.files.whole import read_json, write_json
from metabench.spec import DataSpec, RunSpec

EPISODES, QUERIES, WAY = 3, 4, 2
SPEC = RunSpec(
    study="a-study",
    data=DataSpec("drawings", "some.module", "classification"),
    way=WAY,
    shot=1,
    algorithm="program",
    algorithm_class="",
    seed=0,
    backbone="conv4",
    hyperparameters={},
    published_iterations=0,
)
RIGHT = f"save(numpy.ones(({EPISODES}, {QUERIES}), numpy.int32))"
TWICE = f"save(numpy.ones((2, {EPISODES}, {QUERIES}), numpy.int32))"
STEPS = f"{TWICE}; (out / 'predictions.npy').rename(out / 'steps.npy'); {RIGHT}"
# A header that promises 10^12 rows.
FAR = (
    "numpy.lib.format.write_array_header_1_0(open(out / 'predictions.npy', 'wb'), "
    "{'descr': '<i4', 'fortran_order': False, 'shape': (10**12, 4)})"
)
PROGRAM = """\
import json, numpy, pathlib, sys
out = pathlib.Path(sys.argv[1])
save = lambda array: numpy.save(out / "predictions.npy", array)
say = lambda **keys: (out / "run.json").write_text(json.dumps(keys))
"""


@pytest.fixture
def episodes(tmp_path: Path) -> Path:
    folder = tmp_path / "episodes"
    about = {"episodes": EPISODES, "queries": QUERIES, "sha256": "e" * 64, "data_sha256": "d" * 64}
    write_json(folder / "episodes.json", about)
    return folder


def run(episodes: Path, code: str, spec: RunSpec = SPEC) -> dict[str, Any]:
    """What run.json says after a program of ``code`` has run."""
    program, out = episodes.parent / "program.py", episodes.parent / "out"
    program.write_text(PROGRAM + code)
    run_external(spec, episodes, program, out, [sys.executable, str(program), str(out)])
    described: dict[str, Any] = read_json(out / "run.json")
    return described


def test_predictions_are_all_that_a_program_writes(episodes: Path) -> None:
    described = run(episodes, RIGHT)
    assert described["status"] == "finished"
    assert described["episodes_sha256"] == "e" * 64
    assert described["backbone"] == "none"
    assert len(described["code"]) == 64


def test_a_program_may_have_no_answer_to_a_query(episodes: Path) -> None:
    some = f"save(numpy.arange({EPISODES * QUERIES}).reshape({EPISODES}, -1) % {WAY} - 1)"
    assert run(episodes, some)["status"] == "finished"


def test_what_a_program_says_of_its_run_goes_over_what_is_seen_of_it(episodes: Path) -> None:
    two = f"save(numpy.zeros((2, {EPISODES}, {QUERIES}), int)); say(modes=['one', 'other'])"
    assert run(episodes, two)["modes"] == ["one", "other"]
    assert run(episodes, "say(status='diverged')")["status"] == "diverged"


def test_a_cost_that_a_program_says_leaves_the_measured_ones(episodes: Path) -> None:
    cost = run(episodes, f"{RIGHT}; say(cost={{'train_seconds': 3}})")["cost"]
    assert cost["train_seconds"] == 3
    assert cost["evaluate_seconds"] > 0
    assert cost["peak_memory_mb"] > 0


MISTAKES = {
    "pass": "predictions.npy: there is no such file",
    "(out / 'predictions.npy').write_text('1 0 1')": "predictions.npy: not an array of numbers",
    "numpy.savez(open(out / 'predictions.npy', 'wb'), [1])": "predictions.npy: an archive; one",
    "save(numpy.zeros((3, 5), int))": r"predictions.npy: shape \(3, 5\); must be \(1, 3, 4\)",
    "save(numpy.full((3, 4), numpy.nan))": "predictions.npy: elements are float64; must be whole",
    "save(numpy.full((3, 4), 2))": "predictions.npy: class 2; must be 0 to 1",
    "save(numpy.full((3, 4), -2))": "predictions.npy: class -2; must be 0 to 1, or -1 for no",
    "save(numpy.full((3, 4), -1))": "predictions.npy: every class is -1, yet the run is 'finished'",
    "sys.exit(3)": "ended with status 3",
    f"{RIGHT}; say(episodes_sha256='f' * 64)": "run.json: tested on episodes ffffffffffff, but",
    f"{RIGHT}; say(seed=7)": "run.json: seed is 7; 0 is right",
    f"{RIGHT}; say(status='done')": "run.json: status 'done'; finished or diverged",
    "(out / 'run.json').write_text('[]')": "run.json: holds no keys",
    "(out / 'run.json').write_text('[' * 100_000)": "run.json: cannot be read as JSON: maximum",
    "say(sha256_of=None)": "run.json: 'sha256_of' is None; a mapping of texts, such",
    f"{RIGHT}; say(modes=5)": "run.json: 'modes' is 5; a list of names, each once, such",
    f"{RIGHT}; say(modes=[['x']])": "run.json: 'modes' is .*; a list of names, each once, such",
    f"{TWICE}; say(modes=['a', 'a'])": "run.json: 'modes' is .*; a list of names, each once, such",
    f"{RIGHT}; say(title=5)": "run.json: 'title' is 5; a text is right",
    f"{RIGHT}; say(episodes_sha256=5)": "run.json: 'episodes_sha256' is 5; a text is right",
    f"{RIGHT}; say(cost=dict(joules='1'))": "run.json: 'cost' is .*; a mapping of numbers, such",
    f"{RIGHT}; {STEPS}": "run.json: no 'steps', though there is a steps.npy",
    f"{RIGHT}; {STEPS}; say(steps=2)": "run.json: 'steps' is 2; a list of whole numbers, each once",
    f"{RIGHT}; {STEPS}; say(steps=[0])": r"steps.npy: shape \(2, 3, 4\); must be \(1, 3, 4\)",
    FAR: "predictions.npy: not an array of numbers .* Unable to allocate",
    "(out / 'predictions.npy').write_bytes(b'\\x93NUMPY\\1\\0\\4\\0((((')": "npy: not an array",
}


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mistake_is_named(episodes: Path, code: str) -> None:
    with pytest.raises(MetabenchError, match=MISTAKES[code]):
        run(episodes, code)


def test_values_that_are_not_finite_are_named(episodes: Path) -> None:
    waves = DataSpec("waves", "some.module", "regression")
    spec = RunSpec(**{**vars(SPEC), "data": waves})
    with pytest.raises(MetabenchError, match="no value is finite"):
        run(episodes, "save(numpy.full((3, 4, 1), numpy.inf))", spec)


def test_what_an_earlier_program_left_is_not_taken_for_this_one_s(episodes: Path) -> None:
    run(episodes, RIGHT)
    with pytest.raises(MetabenchError, match=r"predictions.npy: there is no such file"):
        run(episodes, "pass")


def test_the_command_says_one_line(episodes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--spec", SPEC.to_json(), "--episodes", str(episodes), "--out", str(episodes)]
    options += ["--program", str(episodes / "episodes.json"), "--"]
    assert main(["external", *options]) == 1
    assert main(["external", *options, "no-such-program", "--x"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("metabench: error: external: no program; `-- PROGRAM")
    assert said[1] == "metabench: error: no-such-program: cannot be run: No such file or directory"
    assert len(said) == 2
