"""The program `metabench`: its commands put together, and every error a line of its own."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence

from metabench import __version__
from metabench.cli import data, measurements, reports, runs, studies
from metabench.cli.errors import in_one_line
from metabench.errors import MetabenchError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 1 for an error, 130 when interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # and not what a program has put in its place
            stream.reconfigure(errors="backslashreplace")  # a title may have any letter
    options = make_parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `metabench check ... | head` has read enough
        sys.stderr.close()
        return 1
    except (MetabenchError, OSError) as error:
        print(f"metabench: error: {in_one_line(error)}", file=sys.stderr)
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
