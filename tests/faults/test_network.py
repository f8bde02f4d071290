"""Servers that misbehave; see tests/datasets/test_download.py for most of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from bad_server import serve

from metabench.datasets import download as module
from metabench.errors import MetabenchError

CONTENT = bytes(range(256)) * 100
CHECKSUM = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for, none of which is made."""
    made: list[float] = []
    monkeypatch.setattr(module.time, "sleep", made.append)
    return made


def get(target: Path, url: str, size: int = len(CONTENT)) -> None:
    module.download([url], target, CHECKSUM, size, "none", timeout=10.0, pause=1.0, attempts=3)


@pytest.mark.fault(
    "a server redirects in a circle", "one line; the next mirror is asked", "nothing"
)
def test_a_redirect_in_a_circle_is_one_line(tmp_path: Path) -> None:
    with serve(CONTENT, "circle") as site, pytest.raises(MetabenchError) as error:
        get(tmp_path / "a.zip", site.url)
    assert "infinite loop" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.fault(
    "a server answers 429 or 503 and says how long to wait (`Retry-After`)",
    "it is asked again after that, a minute at most",
    "that time",
)
@pytest.mark.parametrize(("answer", "pause"), [("503 7", 7.0), ("429 7", 7.0), ("429 3600", 60.0)])
def test_a_pause_that_a_server_asks_for_is_made(
    tmp_path: Path, pauses: list[float], answer: str, pause: float
) -> None:
    with serve(CONTENT, answer) as site:
        get(tmp_path / "a.zip", site.url)
    assert pauses[0] == pause
    assert (tmp_path / "a.zip").read_bytes() == CONTENT


@pytest.mark.fault(
    "a server answers 429 or 503 and does not say how long, or says a date",
    "it is asked again after 1, 2, 4 ... seconds, five times in all",
    "that time",
)
def test_without_a_number_the_pauses_double(tmp_path: Path, pauses: list[float]) -> None:
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    with serve(CONTENT, f"503 {date}", f"429 {date}") as site:
        get(tmp_path / "a.zip", site.url)
    assert pauses[:2] == [1.0, 2.0]
    assert (tmp_path / "a.zip").read_bytes() == CONTENT

    pauses.clear()
    with serve(CONTENT, *[f"503 {date}"] * 5) as site, pytest.raises(MetabenchError, match="503"):
        module.download([site.url], tmp_path / "b.zip", CHECKSUM, len(CONTENT), "none")
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    assert len(site.ranges) == 5


@pytest.mark.fault(
    "a server says a length that is no number", "the file is read to its end", "nothing"
)
def test_a_length_that_is_no_number_is_not_believed(tmp_path: Path) -> None:
    with serve(CONTENT, "nonsense") as site:
        get(tmp_path / "a.zip", site.url, size=0)
    assert (tmp_path / "a.zip").read_bytes() == CONTENT
