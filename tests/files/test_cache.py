"""Where the cache lies is what the environment names, or the user's; a home may be missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from metabench.errors import MetabenchError
from metabench.files.cache import cache_folder


@pytest.mark.parametrize(
    ("named", "folder"),
    [
        ({"METABENCH_CACHE": "~/mine", "HOME": "/home/me"}, "/home/me/mine"),
        ({"METABENCH_CACHE": "/mine"}, "/mine"),  # of somebody without a home
        ({"XDG_CACHE_HOME": "/cache"}, "/cache/metabench"),
        ({"HOME": "/home/me"}, "/home/me/.cache/metabench"),
    ],
)
def test_the_cache_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, named: dict[str, str], folder: str
) -> None:
    homeless(monkeypatch)
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(folder)


def test_without_a_home_a_folder_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    homeless(monkeypatch)
    with pytest.raises(MetabenchError, match=r"no such home; name a folder .* in METABENCH_CACHE"):
        cache_folder()


def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whom the system does not know."""
    for name in ("METABENCH_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
