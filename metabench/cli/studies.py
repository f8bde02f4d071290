"""Commands for people, about a study or about this machine: nothing is run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from metabench.cli.options import own_folders

if TYPE_CHECKING:
    from metabench.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add `check`, `doctor` and `rates`."""
    check = commands.add_parser("check", help="check a study file and print what it asks for")
    check.add_argument("study", type=Path, help="such as config/config.yaml")
    own_folders(check, "config")
    check.set_defaults(run=_check)

    doctor = commands.add_parser("doctor", help="look whether metabench can be used here")
    own_folders(doctor, "config")
    doctor.set_defaults(run=_doctor)

    rates = commands.add_parser("rates", help="seconds of an iteration, for config/rates.csv")
    rates.add_argument("runs", type=Path, nargs="+", help="folders of finished runs")
    rates.set_defaults(run=_rates)


def _check(options: argparse.Namespace) -> None:
    from metabench.study.config import load
    from metabench.study.plan import check_places, describe

    study = load(options.study, options.config)
    check_places(study)
    print(describe(study, options.config))


def _doctor(options: argparse.Namespace) -> None:
    from metabench.doctor.examine import report

    report(Path.cwd(), options.config)


def _rates(options: argparse.Namespace) -> None:
    from metabench.files.described import read_described
    from metabench.files.forms import keyed
    from metabench.label import MARK
    from metabench.study.rates import COLUMNS, MEASURED, measured

    files = [folder / "run.json" for folder in options.runs]
    runs = {file: read_described(file) for file in files}
    # A label is for values or a network of its own, of which the table says nothing.
    rows = [
        measured(keyed(run, file, MEASURED))
        for file, run in runs.items()
        if run.get("iterations") and MARK not in str(run.get("algorithm"))
    ]
    print("\n".join([",".join(COLUMNS), *dict.fromkeys(rows)]))
