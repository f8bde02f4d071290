"""``python -m metabench.docs``, run in the project's folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from metabench.docs.pages import pages
from metabench.docs.readme import renew_readme
from metabench.docs.record import kept, make_tables_of, record
from metabench.errors import MetabenchError
from metabench.files.whole import write_text


def main() -> int:
    """Write the records' tables and the pages; from a report README's table, or a record."""
    parser = argparse.ArgumentParser(prog="python -m metabench.docs", description=main.__doc__)
    parser.add_argument("--readme", type=Path, metavar="REPORT", help="such as reports/default")
    parser.add_argument(
        "--record",
        type=Path,
        nargs=2,
        metavar=("STUDY", "REPORT"),
        help="such as config/sinusoid.yaml reports/sinusoid",
    )
    arguments = parser.parse_args()
    try:
        if arguments.readme:
            renew_readme(arguments.readme, Path())
        if arguments.record:
            study, report = arguments.record
            record(study, report, Path())
        for folder in kept(Path()):
            make_tables_of(folder)
        for file, text in pages(Path()).items():
            write_text(file, text)
    except (MetabenchError, OSError) as error:
        print(f"metabench: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
