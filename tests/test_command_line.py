"""The program `metabench`, as the workflow and people call it."""

from __future__ import annotations

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


def test_commands_stand_in_the_order_in_which_a_study_needs_them() -> None:
    shown = make_parser().format_help()
    order = ["check", "fetch", "prepare", "episodes", "train", "evaluate", "collect", "page"]
    places = [shown.index(f"\n    {name} ") for name in order]
    assert places == sorted(places)
