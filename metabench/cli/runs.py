"""One run: meta-training, meta-testing, or a program of somebody else's."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from metabench.cli.options import folder, run_spec

if TYPE_CHECKING:
    from metabench.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add `train`, `evaluate` and `external`."""
    train = commands.add_parser("train", help="meta-train one run")
    _add_run(train)
    train.add_argument("--images", type=Path, metavar="FOLDER", help="the training images")
    train.add_argument("--val-images", type=Path, metavar="FOLDER", help="the validation images")
    folder(train, "val-episodes")
    _add_device(train)
    train.add_argument(
        "--resume-every", type=float, default=120, metavar="S", help="seconds between resume files"
    )
    train.add_argument(
        "--memory-mb", type=float, default=0, metavar="MB", help="what the run may use; 0: all"
    )
    train.set_defaults(run=_train)

    evaluate = commands.add_parser("evaluate", help="predict the test episodes with one model")
    _add_run(evaluate)
    evaluate.add_argument("--images", type=Path, metavar="FOLDER", help="the test images")
    folder(evaluate, "episodes", "model")
    for name in ("val-images", "val-episodes"):
        why = "to choose on what training left open, where the model is another algorithm's"
        evaluate.add_argument(f"--{name}", type=Path, metavar="FOLDER", help=why)
    _add_device(evaluate)
    evaluate.set_defaults(run=_evaluate)

    external = commands.add_parser("external", help="run a program in any language; check it")
    _add_run(external)
    folder(external, "episodes")
    external.add_argument("--program", type=Path, required=True, metavar="FILE", help="its source")
    external.add_argument("command", nargs="*", help="after --: the program and its arguments")
    external.set_defaults(run=_external)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--spec", type=run_spec, required=True, metavar="JSON", help="the run")
    folder(parser, "out")


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")


def _train(options: argparse.Namespace) -> None:
    from metabench.learning.training import train

    train(
        options.spec,
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
        options.spec,
        options.images,
        options.episodes,
        options.model,
        options.out,
        options.device,
        options.val_images,
        options.val_episodes,
    )


def _external(options: argparse.Namespace) -> None:
    from metabench.external import run_external

    run_external(options.spec, options.episodes, options.program, options.out, options.command)
