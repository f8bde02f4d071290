"""How fast metabench is here, and what inner steps cost."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from metabench.cli.options import folder, whole
from metabench.inner_steps.names import WAYS
from metabench.speed.names import PARTS

if TYPE_CHECKING:
    from metabench.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add `speed` and `inner-steps`, each with the command that reports it."""
    speed = commands.add_parser("speed", help="measure how fast metabench is on this machine")
    speed.add_argument("part", choices=PARTS, help="; ".join(f"{k}: {v}" for k, v in PARTS.items()))
    _add_out(speed)
    speed.add_argument(
        "--rounds", type=whole(1), default=7, metavar="N", help="turns of each program"
    )
    speed.add_argument("--snakefile", type=Path, default=Path("Snakefile"), metavar="FILE")
    speed.set_defaults(run=_speed)

    speed_report = commands.add_parser("speed-report", help="write the tables of what was measured")
    _add_measurements(speed_report)
    speed_report.set_defaults(run=_speed_report)

    steps = commands.add_parser("inner-steps", help="memory and time of one number of inner steps")
    steps.add_argument("way", choices=WAYS, help="the algorithm")
    steps.add_argument("steps", type=whole(1), metavar="N", help="inner steps")
    _add_out(steps)
    steps.set_defaults(run=_inner_steps)

    steps_report = commands.add_parser("inner-steps-report", help="draw what was measured of them")
    _add_measurements(steps_report)
    steps_report.set_defaults(run=_inner_steps_report)


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a json file")


def _add_measurements(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("measurements", type=Path, nargs="+", metavar="FILE")
    folder(parser, "out")


def _speed(options: argparse.Namespace) -> None:
    from metabench.speed.measure import write_measurement

    write_measurement(options.part, options.out, options.rounds, options.snakefile)


def _speed_report(options: argparse.Namespace) -> None:
    from metabench.speed.report import write_report

    write_report(options.measurements, options.out)


def _inner_steps(options: argparse.Namespace) -> None:
    from metabench.inner_steps.measure import write_measurement

    write_measurement(options.way, options.steps, options.out)


def _inner_steps_report(options: argparse.Namespace) -> None:
    from metabench.inner_steps.report import write_report

    write_report(options.measurements, options.out)
