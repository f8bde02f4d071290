"""A table that people keep by hand, as CSV: each field is checked, and an error names its line.

A spreadsheet may have saved it: with a mark of the encoding before the first letter, with blank
rows at the end.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from metabench.errors import MetabenchError
from metabench.files.forms import shown


@dataclass(frozen=True)
class Field:
    """What may stand in the fields of a column."""

    pattern: str  # of a whole field, a regular expression
    right: str  # the same in words


def read_table(path: Path, columns: Mapping[str, Field]) -> list[dict[str, str]]:
    """The rows of a table by column, as texts; a file that is not there is an empty table.

    Raises:
        MetabenchError: naming the line, the column, and what would be right.
    """
    if not path.is_file():
        return []
    rows = _rows(path)
    _check_header(next(rows, (1, [])), columns, path)
    return [_row(fields, columns, f"{path}:{line}") for line, fields in rows]


def _check_header(first: tuple[int, list[str]], columns: Mapping[str, Field], path: Path) -> None:
    line, header = first
    if header != list(columns):
        lacking = [f"no column '{name}'" for name in columns if name not in header]
        wrong = next(iter(lacking), "more columns, or another order")
        raise MetabenchError(f"{path}:{line}: {wrong}; {','.join(columns)} is right")


def _row(fields: list[str], columns: Mapping[str, Field], where: str) -> dict[str, str]:
    if len(fields) != len(columns):
        raise MetabenchError(
            f"{where}: {len(fields)} fields; {len(columns)} are right, and quotes around a field "
            "that has a comma in it"
        )
    row = dict(zip(columns, fields, strict=True))
    for name, text in row.items():
        if not re.fullmatch(columns[name].pattern, text):
            raise MetabenchError(f"{where}: {name} {shown(text)}; {columns[name].right} is right")
    return row


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The line in which each row begins, and its fields; rows with nothing in them are no rows."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = [field.strip() for field in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise MetabenchError(
                f"{path}:{line}: not CSV: {error}; a field that begins with a quote ends with one, "
                "and one within it is doubled"
            ) from None
        if any(fields):
            yield line, fields


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MetabenchError(
            f"{path}:{line}: byte {content[error.start]:#x} is not UTF-8; save the file as UTF-8"
        ) from None
