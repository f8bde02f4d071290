"""Parts of a page that are made by program, between two lines of comment."""

from __future__ import annotations

from metabench.errors import MetabenchError


def between(text: str, begin: str, end: str) -> str:
    """What stands between two marks.

    Raises:
        MetabenchError: where ``text`` lacks one of them, or has the second before the first.
    """
    _, found, rest = text.partition(begin)
    inner, closed, _ = rest.partition(end)
    if not (found and closed):
        raise MetabenchError(f"no lines {begin.strip()} and {end.strip()}")
    return inner


def replaced(text: str, begin: str, end: str, new: str) -> str:
    """``text`` with ``new`` between the marks; errors as of ``between``."""
    old = between(text, begin, end)
    return text.replace(f"{begin}{old}{end}", f"{begin}{new}{end}")
