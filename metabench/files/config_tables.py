"""The tables of ``config/`` that are kept by hand, by column: what stands in it, and what may.

A check of a study reads them without pandas, long before a report does.
"""

from __future__ import annotations

from pathlib import Path

from metabench.files.csv_table import Field

PROJECT_FOLDER = Path("config")  # seen from the project's folder, where commands are run
BESIDE_PACKAGE = Path(__file__).resolve().parents[2] / PROJECT_FOLDER


def table(config: Path, name: str) -> Path:
    """The file of a table in ``config``; where that is not there, the one beside our sources."""
    return (config if config.is_dir() else BESIDE_PACKAGE) / name


def one_of(*words: str) -> Field:
    """One of two words or more."""
    return Field("|".join(words), f"{', '.join(words[:-1])} or {words[-1]}")


def or_nothing(field: Field) -> Field:
    """The same, or an empty field."""
    return Field(f"(?:{field.pattern})?", f"{field.right}, or nothing")


TEXT = Field(r"[^\r\n]+", "one line of text")
NAME = Field(r"[a-z0-9][a-z0-9_-]*", "a name in lower case, such as omniglot")
NAMES = Field(rf"{NAME.pattern}( {NAME.pattern})*", "one name, or two with a blank between")
PATTERN = Field(r"[a-z0-9_*-]+", "a name, in which * is any letters")
WHOLE = Field(r"[0-9]+", "a whole number")
COUNT = Field(r"[1-9][0-9]*", "a whole number from 1 on")
PRINTED = Field(r"[0-9]+(\.[0-9]+)?", "a number such as 98.7")
SECONDS = Field(r"[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?", "a number")
MODE = one_of("transductive", "inductive", "running", "none")
SAME = Field("same", "same")

#: ``published.csv``: the papers' numbers.
PUBLISHED = {
    "key": NAME,  # names the row for `references` of a study, together with its cell
    "algorithm": or_nothing(NAMES),  # ours, where we have it; two of ours that are forms of it
    "title": or_nothing(TEXT),  # of a row to be shown by itself, as a reference
    "dataset": NAME,  # ours, or the nearest to the paper's
    "also": or_nothing(NAMES),  # of ours, of another split, that it is shown beside as well
    "split": or_nothing(TEXT),  # empty: the data set's own; otherwise the paper's, not comparable
    "way": COUNT,
    "shot": COUNT,
    "step": or_nothing(WHOLE),  # inner steps before the number was taken; empty: the final one
    "mode": or_nothing(MODE),  # empty where the paper does not say
    "queries": or_nothing(COUNT),  # of each class of a test episode; empty where it is not known
    "episodes": or_nothing(SAME),  # measured on the test episodes that are ours too
    "backbone": or_nothing(TEXT),  # ours, such as conv4-64-pool, or a text; empty: there is none
    "augment": or_nothing(TEXT),  # how training images were altered, as ours or a text; empty: not
    "metric": one_of("accuracy", "error", "mse"),  # the first two in percent
    "value": PRINTED,
    "ci95": or_nothing(PRINTED),  # half-width, as the paper gives it; not a standard deviation
    "paper": TEXT,
    "verified": one_of("read", "from memory"),
    "note": or_nothing(TEXT),
}
#: ``reasons.csv``: why a number of ours differs from a paper's. An empty field is anything.
REASONS = {
    "algorithm": or_nothing(PATTERN),
    "dataset": or_nothing(PATTERN),
    "way": or_nothing(COUNT),
    "shot": or_nothing(COUNT),
    "mode": or_nothing(MODE),
    "key": or_nothing(PATTERN),  # of the published row
    "reason": TEXT,
    "source": TEXT,
}
#: ``rates.csv``: what a meta-iteration takes, validation included.
RATES = {
    "algorithm": NAME,
    "dataset": NAME,
    "way": COUNT,
    "shot": COUNT,
    "backbone": TEXT,
    "meta_batch": COUNT,
    "seconds": SECONDS,
    "device": TEXT,
}
