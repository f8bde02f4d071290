"""From an archive to arrays and fixed episodes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from metabench.cli.options import archive, data_spec, folder, whole
from metabench.errors import MetabenchError

if TYPE_CHECKING:
    from metabench.cli.options import Commands
    from metabench.spec import DataSpec


def add_to(commands: Commands) -> None:
    """Add `fetch`, `prepare`, `episodes` and `blind`."""
    fetch = commands.add_parser("fetch", help="find a raw archive here, or download it; verify it")
    fetch.add_argument(
        "--archive", type=archive, required=True, metavar="JSON", help="its name, digests, urls"
    )
    fetch.add_argument("--out", type=Path, required=True, metavar="FILE", help="where it lies")
    fetch.set_defaults(run=_fetch)

    prepare = commands.add_parser("prepare", help="make one array of images for each split")
    _add_data(prepare)
    prepare.add_argument("--sources", type=Path, nargs="*", default=[], help="written by fetch")
    folder(prepare, "out")
    prepare.set_defaults(run=_prepare)

    episodes = commands.add_parser("episodes", help="draw the fixed episodes of a setting")
    _add_data(episodes)
    episodes.add_argument("--split", required=True, choices=["train", "val", "test"])
    for name, (least, about) in {
        "way": (1, "classes of an episode; 1 for regression"),
        "shot": (1, "support examples of each class"),
        "count": (1, "number of episodes"),
        "queries": (1, "queries of each class"),
        "seed": (0, "which episodes are drawn"),
    }.items():
        kind = whole(least)
        episodes.add_argument(f"--{name}", type=kind, required=True, metavar="N", help=about)
    episodes.add_argument("--images", type=Path, metavar="FOLDER", help="the split's images")
    folder(episodes, "out")
    episodes.set_defaults(run=_episodes)

    blind = commands.add_parser("blind", help="shuffle images, for programs that see positions")
    folder(blind, "images", "episodes", "out")
    blind.set_defaults(run=_blind)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=data_spec, required=True, metavar="JSON", help="a data set")


def _fetch(options: argparse.Namespace) -> None:
    from metabench.datasets.archives import fetch, named_folder

    fetch(options.archive, named_folder(), options.out)


def _check_module(data: DataSpec) -> None:
    """Here, and not where it is used: what trains and tests need not know how a module fails."""
    from metabench.study.data_module import TASKS, implementation
    from metabench.study.fields import known

    implementation(data.module, known(data.task, "--data: task", "task", TASKS), "--data: module")


def _prepare(options: argparse.Namespace) -> None:
    from metabench.datasets.prepare import prepare

    _check_module(options.data)
    if options.data.task == "regression":
        raise MetabenchError(
            f"--data: {options.data.name} is of functions, which are drawn by `metabench episodes` "
            "without anything prepared; a data set of images is right"
        )
    prepare(options.data, options.sources, options.out)


def _episodes(options: argparse.Namespace) -> None:
    from metabench.episodes.fixed import write_episodes

    _check_module(options.data)
    write_episodes(
        options.data,
        options.split,
        options.way,
        options.shot,
        options.count,
        options.queries,
        options.seed,
        options.images,
        options.out,
    )


def _blind(options: argparse.Namespace) -> None:
    from metabench.episodes.blind import write_blind

    write_blind(options.images, options.episodes, options.out)
