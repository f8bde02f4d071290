"""What is wrong in a table that is kept by hand is said, with the line and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from metabench.errors import MetabenchError
from metabench.files.config_tables import PUBLISHED, RATES, REASONS
from metabench.files.csv_table import Field, read_table
from metabench.report import published, reasons

COLUMNS = {"name": Field("[a-z]+", "a name"), "note": Field(".*", "a text")}
GOOD = [{"name": "a", "note": "1, 2"}, {"name": "b", "note": ""}]
TABLES = {
    "published.csv": (
        PUBLISHED,
        {
            **{"key": "mine", "dataset": "omniglot", "way": "5", "shot": "1", "value": "98.7"},
            **{"metric": "accuracy", "paper": "A paper", "verified": "read"},
        },
    ),
    "reasons.csv": (REASONS, {"algorithm": "*maml", "reason": "Because.", "source": "A paper"}),
    "rates.csv": (
        RATES,
        {
            **{"algorithm": "maml", "dataset": "omniglot", "way": "5", "shot": "1"},
            **{"backbone": "conv4-64", "meta_batch": "4", "seconds": "1e-05", "device": "A GPU"},
        },
    ),
}


def written(folder: Path, name: str, **fields: str) -> Path:
    """A table of one row, some of its fields replaced."""
    columns, good = TABLES[name]
    row = {**good, **fields}
    file = folder / name
    file.write_text(f"{','.join(columns)}\n{','.join(row.get(column, '') for column in columns)}\n")
    return file


@pytest.mark.parametrize(
    "content",
    [
        b'name,note\na,"1, 2"\nb,\n',
        b'\xef\xbb\xbfname,note\r\na,"1, 2"\r\nb,\r\n,\r\n\r\n',  # as a spreadsheet saves it
        b'name , note\na ,"1, 2"\n b,',
    ],
)
def test_a_table_is_its_rows_however_it_was_saved(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    assert read_table(tmp_path / "t.csv", COLUMNS) == GOOD
    assert read_table(tmp_path / "none.csv", COLUMNS) == []


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", ":1: no column 'name'; name,note is right"),
        (b"name;note\na;1\n", ":1: no column 'name'; name,note is right"),
        (b"note,name\n1,a\n", ":1: more columns, or another order; name,note is right"),
        (b"name,note\na,1\n\nb,1, 2\n", ":4: 3 fields; 2 are right, and quotes around a field"),
        (b"name,note\na\n", ":2: 1 fields; 2 are right"),
        (b'name,note\na,"1\nb,2\n', ":2: not CSV: unexpected end of data; a field that begins"),
        (b'name,note\na,"1\nb,"2"\n', ":2: not CSV: "),
        (b"name,note\na,1\nb,M\xfcller\n", ":3: byte 0xfc is not UTF-8; save the file as UTF-8"),
        (b'name,note\na,"1\n2"\n', ":2: note '1\\n2'; a text is right"),
        (b"name,note\nA,1\n", ":2: name 'A'; a name is right"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, content: bytes, wrong: str) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(content)
    with pytest.raises(MetabenchError) as error:
        read_table(file, COLUMNS)
    assert str(error.value).startswith(f"{file}{wrong}")


@pytest.mark.parametrize(
    ("name", "column", "text", "right"),
    [
        ("published.csv", "key", "", "a name in lower case, such as omniglot"),
        ("published.csv", "shot", "5-shot", "a whole number from 1 on"),
        ("published.csv", "step", "last", "a whole number, or nothing"),
        ("published.csv", "mode", "None", "transductive, inductive, running or none, or nothing"),
        ("published.csv", "episodes", "ours", "same, or nothing"),
        ("published.csv", "metric", "recall", "accuracy, error or mse"),
        ("published.csv", "value", "n/a?", "a number such as 98.7"),
        ("published.csv", "value", "inf", "a number such as 98.7"),
        ("published.csv", "ci95", "±0.4", "a number such as 98.7, or nothing"),
        ("published.csv", "verified", "yes", "read or from memory"),
        ("reasons.csv", "source", "", "one line of text"),
        ("reasons.csv", "key", "A paper", "a name, in which * is any letters, or nothing"),
        ("rates.csv", "seconds", "fast", "a number"),
        ("rates.csv", "seconds", "nan", "a number"),
        ("rates.csv", "device", "", "one line of text"),
    ],
)
def test_a_field_is_what_its_column_holds(
    tmp_path: Path, name: str, column: str, text: str, right: str
) -> None:
    columns, good = TABLES[name]
    assert read_table(written(tmp_path, name), columns) == [dict.fromkeys(columns, "") | good]
    file = written(tmp_path, name, **{column: text})
    with pytest.raises(MetabenchError) as error:
        read_table(file, columns)
    assert str(error.value) == f"{file}:2: {column} {text!r}; {right} is right"


def test_no_table_is_an_empty_table(tmp_path: Path) -> None:
    assert published.load(tmp_path).empty
    assert reasons.load(tmp_path).empty
