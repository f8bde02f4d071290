"""What several commands take."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from metabench.datasets.archives import Archive
    from metabench.spec import DataSpec, RunSpec

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

Described = TypeVar("Described")


def folder(parser: argparse.ArgumentParser, *names: str) -> None:
    """Options that each name a folder and must be given."""
    for name in names:
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="FOLDER")


def own_folders(parser: argparse.ArgumentParser, *names: str) -> None:
    """Options for the project's folders, each by default the one of that name."""
    for name in names:
        parser.add_argument(f"--{name}", type=Path, default=Path(name), metavar="FOLDER")


def run_spec(text: str) -> RunSpec:
    """A run from the JSON that the workflow gives."""
    from metabench.spec import RunSpec

    return _from_json(RunSpec.from_json, text, "a run")


def data_spec(text: str) -> DataSpec:
    """A data set from the JSON that the workflow gives."""
    from metabench.spec import DataSpec

    return _from_json(lambda text: DataSpec(**json.loads(text)), text, "a data set")


def archive(text: str) -> Archive:
    """An archive from the JSON that the workflow gives."""
    from metabench.datasets.archives import described

    return _from_json(lambda text: described(json.loads(text)), text, "an archive")


def whole(least: int) -> Callable[[str], int]:
    """The type of an option that is a whole number of 64 bits, at least ``least``."""

    def number(text: str) -> int:
        digits = text.strip()
        if digits.isascii() and digits.isdigit() and len(digits) < 20:
            value = int(digits)
            if least <= value < 2**63:
                return value
        raise argparse.ArgumentTypeError(
            f"{text!r} is not right here; a whole number from {least} to 2^63 - 1 is"
        )

    return number


def _from_json(read: Callable[[str], Described], text: str, what: str) -> Described:
    try:
        return read(text)
    except KeyError as error:
        message = f"no {error} in it"
    except (AttributeError, TypeError, ValueError) as error:
        message = str(error)
    raise argparse.ArgumentTypeError(f"not {what} as the workflow writes it: {message}")
