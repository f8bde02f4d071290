"""The program `metabench`: its commands put together, and every error a line of its own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from metabench import __version__
from metabench.cli import data, measurements, reports, runs, studies
from metabench.errors import MetabenchError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 1 for an error, 130 when interrupted."""
    options = make_parser().parse_args(arguments)
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


def make_parser() -> argparse.ArgumentParser:
    """All commands, in the order in which a study needs them."""
    parser = argparse.ArgumentParser(
        prog="metabench", description="A reproducible benchmark of meta-learning."
    )
    parser.add_argument("--version", action="version", version=f"metabench {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in (studies, data, runs, reports, measurements):
        group.add_to(commands)
    return parser
