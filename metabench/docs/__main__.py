"""``python -m metabench.docs [REPORT]``, run in the project's folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from metabench.docs.pages import pages
from metabench.docs.readme import renew_readme
from metabench.errors import MetabenchError
from metabench.files import write_text


def main() -> int:
    """Write the pages; with a report of the default study, README's table and figure too."""
    parser = argparse.ArgumentParser(prog="python -m metabench.docs", description=main.__doc__)
    parser.add_argument("report", type=Path, nargs="?", help="such as reports/default")
    report = parser.parse_args().report
    try:
        for file, text in pages(Path()).items():
            write_text(file, text)
        if report:
            renew_readme(report, Path())
    except MetabenchError as error:
        print(f"metabench: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
