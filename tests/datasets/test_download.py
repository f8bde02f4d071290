from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from bad_server import serve

from metabench.datasets.download import download
from metabench.errors import MetabenchError

CONTENT = bytes(range(256)) * 1000
CHECKSUM = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
NOWHERE = "http://127.0.0.1:9/letters.zip"  # nothing listens there


def get(target: Path, *urls: str, timeout: float = 10.0) -> None:
    terms = "for research only"
    download(urls, target, CHECKSUM, len(CONTENT), terms, timeout=timeout, pause=0.01, attempts=4)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "archives" / "letters.zip"


def part(target: Path, content: bytes) -> Path:
    target.parent.mkdir()
    path = target.with_name("letters.zip.part")
    path.write_bytes(content)
    return path


def test_a_file_is_downloaded_after_its_terms_are_stated(
    target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(CONTENT) as site:
        get(target, site.url)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["letters.zip"]
    assert "letters.zip: 0.3 MB. Terms: for research only" in capsys.readouterr().err


def test_what_is_there_already_is_not_downloaded_again(target: Path) -> None:
    part(target, b"")
    target.write_bytes(CONTENT)
    get(target, NOWHERE)


@pytest.mark.fault("a download that was cut short before", "it is gone on with", "nothing")
def test_a_partial_file_is_resumed(target: Path) -> None:
    part(target, CONTENT[:1000])
    with serve(CONTENT) as site:
        get(target, site.url)
    assert site.ranges == ["bytes=1000-"]
    assert target.read_bytes() == CONTENT


@pytest.mark.fault(
    "a server that cannot go on where a download stopped",
    "the file is read from its beginning",
    "that part",
)
def test_a_server_that_ignores_the_range_is_read_from_the_beginning(target: Path) -> None:
    part(target, CONTENT[:1000])
    with serve(CONTENT, "whole") as site:
        get(target, site.url)
    assert target.read_bytes() == CONTENT


@pytest.mark.fault(
    "a partial download of another version of the file", "it is begun afresh", "that part"
)
@pytest.mark.parametrize("begun", [b"another version", b"x" * (len(CONTENT) + 1)])
def test_a_partial_file_of_something_else_is_started_afresh(target: Path, begun: bytes) -> None:
    part(target, begun)
    with serve(CONTENT) as site:
        get(target, site.url)
    assert site.ranges[-1] == ""
    assert target.read_bytes() == CONTENT


@pytest.mark.fault(
    "a server that stalls, or closes the connection early",
    "it is asked again for the rest",
    "nothing",
)
@pytest.mark.parametrize("behaviour", ["503", "429", "cut", "stall"])
def test_a_passing_failure_is_tried_again_where_it_stopped(target: Path, behaviour: str) -> None:
    with serve(CONTENT, behaviour, behaviour) as site:
        get(target, site.url, timeout=0.3 if behaviour == "stall" else 10.0)
    assert target.read_bytes() == CONTENT
    if behaviour in ("cut", "stall"):
        assert site.ranges == ["", f"bytes={len(CONTENT) // 2}-", f"bytes={len(CONTENT) * 3 // 4}-"]


@pytest.mark.fault(
    "a server sends a page of HTML in place of the file, said to be a zip or not",
    "refused; the next mirror is asked",
    "nothing",
)
@pytest.mark.parametrize("behaviour", ["html", "html-as-zip"])
def test_a_page_instead_of_the_file_is_refused(target: Path, behaviour: str) -> None:
    with serve(CONTENT, behaviour) as site, pytest.raises(MetabenchError, match="HTML page"):
        get(target, site.url)
    assert len(site.ranges) == 1
    assert not target.exists()


@pytest.mark.fault(
    "a mirror that has not got the file, or is not there", "the next mirror is asked", "nothing"
)
@pytest.mark.parametrize("behaviour", ["404", "html"])
def test_the_next_mirror_is_asked(target: Path, behaviour: str) -> None:
    with serve(CONTENT, behaviour) as first, serve(CONTENT) as second:
        get(target, NOWHERE, "letters.example/no-scheme.zip", first.url, second.url)
    assert len(first.ranges) == len(second.ranges) == 1
    assert target.read_bytes() == CONTENT


@pytest.mark.fault(
    "a server sends a wrong file, or more than the file",
    "it never takes the file's name; one line with both digests",
    "nothing",
)
@pytest.mark.parametrize("wrong", [CONTENT[::-1], CONTENT + b"more"])
def test_a_wrong_file_takes_no_name(target: Path, wrong: bytes) -> None:
    with serve(wrong) as site, pytest.raises(MetabenchError) as error:
        get(target, site.url)
    if len(wrong) == len(CONTENT):
        found = hashlib.sha256(wrong).hexdigest()
        assert f"expected {CHECKSUM}, found sha256:{found}" in str(error.value)
    assert not target.exists()


@pytest.mark.fault("no network", "one line: which file to put where", "nothing")
def test_offline_the_error_says_which_file_to_put_where(target: Path) -> None:
    with pytest.raises(MetabenchError) as error:
        get(target, NOWHERE)
    message = str(error.value)
    for words in (NOWHERE, "letters.zip", "METABENCH_DATA", "`archives:`", "refused"):
        assert words in message
    assert "\n" not in message


def test_what_arrived_before_a_failure_is_kept_for_the_next_run(target: Path) -> None:
    with serve(CONTENT, *["cut"] * 4) as site, pytest.raises(MetabenchError, match="closed after"):
        get(target, site.url)
    assert target.with_name("letters.zip.part").stat().st_size > len(CONTENT) // 2
    with serve(CONTENT) as site:
        get(target, site.url)
    assert target.read_bytes() == CONTENT
