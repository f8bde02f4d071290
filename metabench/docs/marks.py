"""Parts of a page that are made by program, between two lines of comment."""

from __future__ import annotations

from pathlib import Path

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


def replaced(page: Path, begin: str, end: str, new: str) -> str:
    """The text of a page with ``new`` between the marks.

    Raises:
        MetabenchError: naming the page, where it lacks one of them.
    """
    text = page.read_text(encoding="utf-8")
    try:
        old = between(text, begin, end)
    except MetabenchError as error:
        raise MetabenchError(f"{page}: {error}") from None
    return text.replace(f"{begin}{old}{end}", f"{begin}{new}{end}")
