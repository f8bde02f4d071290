"""The command line: one subcommand for each rule of the workflow, and `check` for people.

Each imports what it needs when it runs: `metabench --help` loads neither torch nor pandas.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metabench import __version__
from metabench.errors import MetabenchError
from metabench.inner_steps.names import WAYS
from metabench.speed.names import PARTS

if TYPE_CHECKING:
    from metabench.spec import DataSpec, RunSpec


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 1 for an error, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except MetabenchError as error:
        print(f"metabench: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `metabench check ... | head` has read enough
        sys.stderr.close()
        return 1
    except OSError as error:  # of the disk, or of permissions
        where = f"{error.filename}: " if error.filename else ""
        print(f"metabench: error: {where}{error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def _check(options: argparse.Namespace) -> None:
    from metabench.study.config import load
    from metabench.study.plan import describe

    print(describe(load(options.study)))


def _doctor(options: argparse.Namespace) -> None:
    from metabench.doctor.examine import report

    report(Path.cwd(), options.config)


def _rates(options: argparse.Namespace) -> None:
    from metabench.described import read_described
    from metabench.study.rates import COLUMNS, measured

    print(",".join(COLUMNS))
    runs = [read_described(folder / "run.json") for folder in options.runs]
    print("\n".join(dict.fromkeys(measured(run) for run in runs if run.get("iterations"))))


def _fetch(options: argparse.Namespace) -> None:
    from metabench.datasets.archives import described, fetch

    fetch(described(json.loads(options.archive)), options.folder, options.out)


def _prepare(options: argparse.Namespace) -> None:
    from metabench.datasets.prepare import prepare

    prepare(_data(options.data), options.sources, options.out)


def _episodes(options: argparse.Namespace) -> None:
    from metabench.learning.episodes import write_episodes

    write_episodes(
        _data(options.data),
        options.split,
        options.way,
        options.shot,
        options.count,
        options.queries,
        options.seed,
        options.images,
        options.out,
    )


def _train(options: argparse.Namespace) -> None:
    from metabench.learning.training import train

    train(
        _spec(options.spec),
        options.images,
        options.val_images,
        options.val_episodes,
        options.out,
        options.device,
        options.resume_every,
        options.memory_mb,
    )


def _evaluate(options: argparse.Namespace) -> None:
    from metabench.learning.evaluation import evaluate

    evaluate(
        _spec(options.spec),
        options.images,
        options.episodes,
        options.model,
        options.out,
        options.device,
    )


def _external(options: argparse.Namespace) -> None:
    from metabench.external import run_external

    run_external(
        _spec(options.spec), options.episodes, options.program, options.out, options.command
    )


def _collect(options: argparse.Namespace) -> None:
    from metabench.report.results import collect

    collect(options.study, options.runs, options.episodes, options.out, options.config)


def _tables(options: argparse.Namespace) -> None:
    from metabench.report.tables import write_tables

    write_tables(options.report, _study(options.study))


def _figures(options: argparse.Namespace) -> None:
    from metabench.report.figures import write_figures

    write_figures(options.report, _study(options.study), options.results)


def _page(options: argparse.Namespace) -> None:
    from metabench.report.page import Origin, write_page

    origin = Origin(options.study, options.results, options.config)
    write_page(options.report, _study(options.study), origin)


def _partial(options: argparse.Namespace) -> None:
    from metabench.report.page import Origin
    from metabench.report.partial import write_partial
    from metabench.study.config import load

    study = load(options.study, options.config)
    out = options.out or Path("reports", study.name, "partial")
    origin = Origin(options.study, options.results, options.config)
    roles = {name: about.role for name, about in study.algorithms.items()}
    print(write_partial(study.values, study.runs, roles, origin, options.logs, out))


def _speed(options: argparse.Namespace) -> None:
    from metabench.speed.measure import write_measurement

    write_measurement(options.part, options.out, options.rounds, options.snakefile)


def _speed_report(options: argparse.Namespace) -> None:
    from metabench.speed.report import write_report

    write_report(options.measurements, options.out)


def _inner_steps(options: argparse.Namespace) -> None:
    from metabench.inner_steps.measure import write_measurement

    if options.steps < 1:
        raise MetabenchError(f"inner-steps: {options.steps} steps; 1 or more is right")
    write_measurement(options.way, options.steps, options.out)


def _inner_steps_report(options: argparse.Namespace) -> None:
    from metabench.inner_steps.report import write_report

    write_report(options.measurements, options.out)


def _study(file: Path) -> dict[str, Any]:
    from metabench.study.yaml_file import read_mapping

    return read_mapping(file)


def _spec(text: str) -> RunSpec:
    from metabench.spec import RunSpec

    return RunSpec.from_json(text)


def _data(text: str) -> DataSpec:
    from metabench.spec import DataSpec

    return DataSpec(**json.loads(text))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="metabench", description="A reproducible benchmark of meta-learning."
    )
    parser.add_argument("--version", action="version", version=f"metabench {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    check = commands.add_parser("check", help="check a study file and print what it asks for")
    check.add_argument("study", type=Path, help="such as config/config.yaml")
    check.set_defaults(run=_check)

    doctor = commands.add_parser("doctor", help="look whether metabench can be used here")
    doctor.add_argument("--config", type=Path, default=Path("config"), metavar="FOLDER")
    doctor.set_defaults(run=_doctor)

    rates = commands.add_parser("rates", help="seconds of an iteration, for config/rates.csv")
    rates.add_argument("runs", type=Path, nargs="+", help="folders of finished runs")
    rates.set_defaults(run=_rates)

    fetch = commands.add_parser("fetch", help="find a raw archive here, or download it; verify it")
    fetch.add_argument("--archive", required=True, metavar="JSON", help="its name, digests, urls")
    fetch.add_argument(
        "--folder", type=Path, action="append", default=[], help="a folder to look in first"
    )
    fetch.add_argument("--out", type=Path, required=True, metavar="FILE", help="where it lies")
    fetch.set_defaults(run=_fetch)

    prepare = commands.add_parser("prepare", help="make one array of images for each split")
    prepare.add_argument("--data", required=True, metavar="JSON", help="a data set")
    prepare.add_argument("--sources", type=Path, nargs="*", default=[], help="written by fetch")
    prepare.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    prepare.set_defaults(run=_prepare)

    episodes = commands.add_parser("episodes", help="draw the fixed episodes of a setting")
    episodes.add_argument("--data", required=True, metavar="JSON", help="a data set")
    episodes.add_argument("--split", required=True, choices=["train", "val", "test"])
    for name, about in {
        "way": "classes of an episode; 1 for regression",
        "shot": "support examples of each class",
        "count": "number of episodes",
        "queries": "queries of each class",
        "seed": "which episodes are drawn",
    }.items():
        episodes.add_argument(f"--{name}", type=int, required=True, metavar="N", help=about)
    episodes.add_argument("--images", type=Path, metavar="FOLDER", help="the split's images")
    episodes.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    episodes.set_defaults(run=_episodes)

    train = commands.add_parser("train", help="meta-train one run")
    _add_run_options(train)
    train.add_argument("--images", type=Path, metavar="FOLDER", help="the training images")
    train.add_argument("--val-images", type=Path, metavar="FOLDER", help="the validation images")
    train.add_argument("--val-episodes", type=Path, required=True, metavar="FOLDER")
    train.add_argument(
        "--resume-every", type=float, default=120, metavar="S", help="seconds between resume files"
    )
    train.add_argument(
        "--memory-mb", type=float, default=0, metavar="MB", help="what the run may use; 0: all"
    )
    train.set_defaults(run=_train)

    evaluate = commands.add_parser("evaluate", help="predict the test episodes with one model")
    _add_run_options(evaluate)
    evaluate.add_argument("--images", type=Path, metavar="FOLDER", help="the test images")
    evaluate.add_argument("--episodes", type=Path, required=True, metavar="FOLDER")
    evaluate.add_argument("--model", type=Path, required=True, metavar="FOLDER")
    evaluate.set_defaults(run=_evaluate)

    external = commands.add_parser("external", help="run a program in any language; check it")
    external.add_argument("--spec", required=True, metavar="JSON", help="the run")
    external.add_argument("--episodes", type=Path, required=True, metavar="FOLDER")
    external.add_argument("--program", type=Path, required=True, metavar="FILE", help="its source")
    external.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    external.add_argument("command", nargs="*", help="after --: the program and its arguments")
    external.set_defaults(run=_external)

    collect = commands.add_parser("collect", help="check and score all runs of a study")
    collect.add_argument("--study", type=Path, required=True, metavar="FILE")
    collect.add_argument("--runs", type=Path, nargs="+", required=True, help="folders of runs")
    collect.add_argument("--episodes", type=Path, required=True, metavar="FOLDER")
    collect.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    collect.add_argument("--config", type=Path, default=Path("config"), metavar="FOLDER")
    collect.set_defaults(run=_collect)

    for name, about, run in (
        ("tables", "write the tables of a report", _tables),
        ("figures", "draw the figures of a report", _figures),
        ("page", "write the page that shows tables and figures", _page),
    ):
        command = commands.add_parser(name, help=about)
        command.add_argument("--study", type=Path, required=True, metavar="FILE")
        command.add_argument("--report", type=Path, required=True, metavar="FOLDER")
        if name != "tables":
            command.add_argument("--results", type=Path, required=True, metavar="FOLDER")
        if name == "page":
            command.add_argument("--config", type=Path, default=Path("config"), metavar="FOLDER")
        command.set_defaults(run=run)

    partial = commands.add_parser("partial", help="report what a study has finished so far")
    partial.add_argument("study", type=Path, help="such as config/config.yaml")
    for name in ("config", "results", "logs"):
        partial.add_argument(f"--{name}", type=Path, default=Path(name), metavar="FOLDER")
    partial.add_argument("--out", type=Path, metavar="FOLDER", help="reports/<study>/partial")
    partial.set_defaults(run=_partial)

    speed = commands.add_parser("speed", help="measure how fast metabench is on this machine")
    speed.add_argument("part", choices=PARTS, help="; ".join(f"{k}: {v}" for k, v in PARTS.items()))
    speed.add_argument("--out", type=Path, required=True, metavar="FILE", help="a json file")
    speed.add_argument("--rounds", type=int, default=7, metavar="N", help="turns of each program")
    speed.add_argument("--snakefile", type=Path, default=Path("Snakefile"), metavar="FILE")
    speed.set_defaults(run=_speed)

    speed_report = commands.add_parser("speed-report", help="write the tables of what was measured")
    speed_report.add_argument("measurements", type=Path, nargs="+", metavar="FILE")
    speed_report.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    speed_report.set_defaults(run=_speed_report)

    steps = commands.add_parser("inner-steps", help="memory and time of one number of inner steps")
    steps.add_argument("way", choices=WAYS, help="the algorithm")
    steps.add_argument("steps", type=int, metavar="N", help="inner steps")
    steps.add_argument("--out", type=Path, required=True, metavar="FILE", help="a json file")
    steps.set_defaults(run=_inner_steps)

    steps_report = commands.add_parser("inner-steps-report", help="draw what was measured of them")
    steps_report.add_argument("measurements", type=Path, nargs="+", metavar="FILE")
    steps_report.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    steps_report.set_defaults(run=_inner_steps_report)
    return parser


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--spec", required=True, metavar="JSON", help="the run")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
