"""The program `metabench`, as the workflow and people call it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from metabench.cli import main, make_parser


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('{"study":', "not a run as the workflow writes it: Expecting value"),
        ("{}", "not a run as the workflow writes it: no 'data' in it"),
        ('{"data": {"colour": 1}}', "unexpected keyword argument 'colour'"),
    ],
)
def test_a_run_that_cannot_be_read_is_one_line(
    capsys: pytest.CaptureFixture[str], text: str, wrong: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "--spec", text, "--episodes", "x", "--model", "x", "--out", "x"])
    assert stopped.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("metabench evaluate: error: argument --spec: ")
    assert wrong in said


MODULES = {
    "of nobody": ("my.birds", "classification", "--data: module: no module 'my.birds'"),
    "of another task": ("sinusoid", "classification", "has no archives, sizes, prepare, needed"),
    "of no task": ("glyphs", "vision", "--data: task: no task 'vision'; known: classification"),
}


@pytest.mark.parametrize("command", ["prepare", "episodes"])
@pytest.mark.parametrize("case", MODULES)
def test_the_module_of_a_data_set_is_looked_at_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, case: str
) -> None:
    module, task, wrong = MODULES[case]
    module = module if "." in module else f"metabench.datasets.{module}"
    assert main([command, *data_options(tmp_path, module, task)[command]]) == 1
    assert wrong in capsys.readouterr().err


def test_functions_are_not_prepared(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    options = data_options(tmp_path, "metabench.datasets.sinusoid", "regression")
    assert main(["prepare", *options["prepare"]]) == 1
    assert "--data: d is of functions, which are drawn by `metabench ep" in capsys.readouterr().err


def data_options(folder: Path, module: str, task: str) -> dict[str, list[str]]:
    """What the commands that are told of a data set are given."""
    data = [f"--data={json.dumps({'name': 'd', 'module': module, 'task': task})}"]
    data.append(f"--out={folder}")
    numbers = [f"--{name}=1" for name in ("way", "shot", "count", "queries", "seed")]
    return {"prepare": data, "episodes": [*data, "--split=val", *numbers]}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("x", "Expecting value"), ("{}", "missing"), ("[]", "no attribute"), ("5", "no attribute")],
)
def test_an_archive_that_cannot_be_read_is_one_line(
    capsys: pytest.CaptureFixture[str], text: str, wrong: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["fetch", "--archive", text, "--out", "x"])
    assert stopped.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("metabench fetch: error: argument --archive: not an archive as the work")
    assert wrong in said


@pytest.mark.parametrize(
    ("option", "value", "least"),
    [
        ("seed", "-1", 0),
        ("seed", "9223372036854775808", 0),
        ("way", "0", 1),
        ("shot", "-3", 1),
        ("count", "0", 1),
        ("count", "many", 1),
        ("queries", "1.5", 1),
    ],
)
def test_no_episodes_are_drawn_that_nothing_can_be_tested_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str, value: str, least: int
) -> None:
    data = '{"name": "waves", "module": "metabench.datasets.sinusoid", "task": "regression"}'
    given = {"way": "1", "shot": "5", "count": "2", "queries": "3", "seed": "0", option: value}
    numbers = [word for name, number in given.items() for word in (f"--{name}", number)]
    out = ["--out", str(tmp_path / "episodes")]
    with pytest.raises(SystemExit) as stopped:
        main(["episodes", "--data", data, "--split", "val", *numbers, *out])
    assert stopped.value.code == 2
    assert not (tmp_path / "episodes").exists()
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"metabench episodes: error: argument --{option}: '{value}' is not right here; "
        f"a whole number from {least} to 2^63 - 1 is"
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_letter_that_a_terminal_lacks_is_written_as_its_number(
    tmp_path: Path, encoding: str
) -> None:
    config = Path(__file__).parents[1] / "config"
    smoke = (config / "smoke.yaml").read_text(encoding="utf-8")
    study = tmp_path / "study.yaml"
    study.write_text(re.sub("^title: .*", "title: 学习", smoke, flags=re.M), encoding="utf-8")
    shown = subprocess.run(
        [sys.executable, "-m", "metabench", "check", str(study), "--config", str(config)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        stdout=subprocess.PIPE,
        check=True,
    )
    title = "学习".encode(encoding, "backslashreplace")
    assert shown.stdout.startswith(b"smoke: " + title)


def test_commands_stand_in_the_order_in_which_a_study_needs_them() -> None:
    shown = make_parser().format_help()
    order = ["check", "fetch", "prepare", "episodes", "blind", "train", "evaluate", "collect"]
    places = [shown.index(f"\n    {name} ") for name in [*order, "page"]]
    assert places == sorted(places)
