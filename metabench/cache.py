"""What is remembered on this machine from one command to the next; all of it can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """``$METABENCH_CACHE``, or the user's cache."""
    given = os.environ.get("METABENCH_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(base) / "metabench"
