"""A description that lacks what its reader needs is named, with the key and what would be right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metabench.cli import main
from metabench.errors import MetabenchError
from metabench.files.described import read_described
from metabench.files.forms import NUMBER, TEXT

RUN: dict[str, Any] = {
    **{"algorithm": "maml", "dataset": "omniglot", "way": 5, "shot": 1, "backbone": "conv4-64"},
    **{"hyperparameters": {"meta_batch": 32}, "iterations": 200, "cost": {"train_seconds": 50}},
    "device": "A device",
}


def written(file: Path, value: Any) -> Path:
    file.write_text(json.dumps(value))
    return file


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ([], "holds no keys and values; make it again"),
        ({"sha256_of": None}, "'sha256_of' is None; a mapping of texts"),
        ({}, "no 'cost.seconds'; needed: cost.seconds, name"),
        ({"cost": 5}, "no 'cost.seconds'; needed: cost.seconds, name"),
        ({"cost": {"seconds": "5"}, "name": ""}, "'cost.seconds' is '5'; a number is right"),
        ({"cost": {"seconds": 5}}, "no 'name'; needed: cost.seconds, name"),
        ({"cost": {"seconds": 5}, "name": 5}, "'name' is 5; a text is right"),
    ],
)
def test_what_a_reader_needs_is_there_and_of_its_type(
    tmp_path: Path, value: Any, wrong: str
) -> None:
    file = written(tmp_path / "a.json", value)
    with pytest.raises(MetabenchError) as error:
        read_described(file, needed={"cost.seconds": NUMBER, "name": TEXT})
    assert str(error.value).startswith(f"{file}: {wrong}")


@pytest.mark.parametrize("command", ["speed-report", "inner-steps-report"])
@pytest.mark.parametrize("value", [{}, [], None, {"part": 5, "way": 5}])
def test_what_is_no_measurement_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, value: Any
) -> None:
    file = written(tmp_path / "a.json", value)
    assert main([command, str(file), "--out", str(tmp_path / "out")]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith(f"metabench: error: {file}: ")
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    ("less", "wrong"),
    [
        ({"cost": {}}, "no 'cost.train_seconds'; needed: "),
        ({"hyperparameters": {}}, "no 'hyperparameters.meta_batch'; needed: "),
        ({"iterations": "5"}, "'iterations' is '5'; a whole number of at least 0 is right"),
    ],
)
def test_the_rate_of_a_run_that_does_not_tell_it_is_one_line_and_no_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], less: dict[str, Any], wrong: str
) -> None:
    file = written(tmp_path / "run.json", {**RUN, **less})
    assert main(["rates", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"metabench: error: {file}: {wrong}")
