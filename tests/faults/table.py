"""The table of docs/reliability.md, from the tests that do the damage.

A test that does one says so: `@pytest.mark.fault("what is done", "what happens", "what is lost")`.
`python tests/faults/table.py` runs all of these, and writes the rows of those that pass.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENT = PROJECT / "docs" / "reliability.md"
BEGIN, END = "<!-- written by tests/faults/table.py -->\n", "<!-- end of the table -->\n"
HEAD = "| what is done | what happens | what is lost | tests |\n|---|---|---|---|\n"


class Fault(NamedTuple):
    """One mark of one test."""

    done: str
    happens: str
    lost: str
    test: str  # as pytest names it


def faults() -> Iterator[Fault]:
    """Every mark in the sources of the tests."""
    for file in sorted(PROJECT.glob("tests/**/test_*.py")):
        body = ast.parse(file.read_text(encoding="utf-8")).body
        texts = {ast.unparse(n.targets[0]): n.value for n in body if isinstance(n, ast.Assign)}
        for node in body:
            for mark in getattr(node, "decorator_list", []):
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
                    said = (texts.get(ast.unparse(word), word) for word in mark.args)
                    test = f"{file.relative_to(PROJECT).as_posix()}::{node.name}"
                    yield Fault(*map(ast.literal_eval, said), test)


def rendered(rows: list[Fault]) -> str:
    """The rows as Markdown, those of a file together."""
    lines = []
    for fault in sorted(rows, key=lambda fault: fault.test.partition("::")[0]):
        file = fault.test.partition("::")[0]
        link = f"[{Path(file).stem.removeprefix('test_')}](../{file})"
        lines.append(f"| {' | '.join(fault[:3])} | {link} |\n")
    return BEGIN + HEAD + "".join(lines) + END


def committed() -> str:
    """The table as docs/reliability.md has it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text[text.index(BEGIN) : text.index(END) + len(END)]


class Results:
    """A plugin that notes which tests passed; one that failed once did not."""

    def __init__(self) -> None:
        self.passed: set[str] = set()
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: object) -> None:
        name = report.nodeid.partition("[")[0]
        if report.failed:
            self.failed.add(name)
        elif report.passed and report.when == "call":
            self.passed.add(name)


def main() -> int:
    """Run the tests and write the table."""
    import pytest

    results = Results()
    code = pytest.main(["-m", "fault", str(PROJECT / "tests")], plugins=[results])
    rows = [fault for fault in faults() if fault.test in results.passed - results.failed]
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(text.replace(committed(), rendered(rows)), encoding="utf-8")
    print(f"{len(rows)} of {len(list(faults()))} faults are in docs/reliability.md")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
