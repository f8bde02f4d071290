"""What is remembered on this machine from one command to the next; all of it can be made again."""

from __future__ import annotations

import os
from pathlib import Path

from metabench.errors import MetabenchError

VARIABLE = "METABENCH_CACHE"


def cache_folder() -> Path:
    """``$METABENCH_CACHE``, or the user's cache.

    Raises:
        MetabenchError: where it would lie in a home that there is not.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    given = os.environ.get(VARIABLE) or f"{base}/metabench"
    folder = os.path.expanduser(given)
    if folder.startswith("~"):
        raise MetabenchError(
            f"{given}: no such home; name a folder for what is cached in {VARIABLE}"
        )
    return Path(folder)
