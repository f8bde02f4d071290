"""How an error is said: in one line, here and by the workflow."""

from __future__ import annotations

from metabench.errors import MetabenchError


def in_one_line(error: MetabenchError | OSError) -> str:
    """What is said of an error; one of the disk, or of permissions, names its file if it can."""
    if isinstance(error, MetabenchError):
        return str(error)
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"
