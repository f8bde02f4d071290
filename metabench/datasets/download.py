"""Download one file: resumed, retried, verified, and either whole or absent."""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from tqdm import tqdm

from metabench import __version__
from metabench.errors import MetabenchError

BLOCK = 1 << 16
TRY_LATER = {408, 425, 429, 500, 502, 503, 504}


class _RefusedError(Exception):
    """This mirror does not have the file: try the next."""


class _CutShortError(Exception):
    """The mirror may answer if asked again, after ``pause`` seconds where it says so."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


def download(
    urls: Sequence[str],
    target: Path,
    checksum: str,
    size: int,
    licence: str,
    *,
    attempts: int = 5,
    timeout: float = 30.0,
    pause: float = 1.0,
) -> None:
    """Download a file to ``target`` from the first of ``urls`` that has it.

    What has arrived is kept in ``<target>.part``, and the next attempt or the next run goes on
    from there. The file takes its name only after its checksum is right. Nothing is done where
    ``target`` is there already with the right checksum.

    Args:
        urls: mirrors, tried in order.
        target: where to.
        checksum: ``sha256:<hex>`` or ``md5:<hex>`` of the whole file; empty where none is
            published, and then the caller checks what is in it.
        size: its bytes, for the progress bar and to know when it is all there; 0 where it is not
            published, and then nothing is resumed.
        licence: the terms of use, stated before anything is downloaded.
        attempts: how often one mirror is asked before the next.
        timeout: seconds without a byte after which a connection is given up.
        pause: seconds before the second attempt; doubled before each further one.

    Raises:
        MetabenchError: if no mirror sent the file, saying why and where to put a copy of it.
    """
    if target.is_file():
        if not checksum or file_checksum(target, checksum) == checksum:
            return
        target.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    length = f"{size / 1e6:.1f} MB" if size else "size unknown"
    print(f"{target.name}: {length}. Terms: {licence}", file=sys.stderr)
    failures = []
    for url in urls:
        try:
            _from_mirror(url, target, checksum, size, attempts, timeout, pause)
            return
        except _RefusedError as failure:
            failures.append(f"{url}: {failure}")
    raise MetabenchError(
        f"{target.name} could not be downloaded ({'; '.join(failures)}). Without a connection, "
        f"download {urls[0]} elsewhere, put {target.name} in a folder of this machine, and name "
        "that folder in METABENCH_DATA or under `archives:` in the study's file"
    )


def file_checksum(path: Path, like: str) -> str:
    """The checksum of a file by the algorithm that ``like`` names, as ``sha256:<hex>``."""
    algorithm = like.split(":", 1)[0]
    with path.open("rb") as stream:
        return f"{algorithm}:{hashlib.file_digest(stream, algorithm).hexdigest()}"


def _from_mirror(
    url: str,
    target: Path,
    checksum: str,
    size: int,
    attempts: int,
    timeout: float,
    pause: float,
) -> None:
    part = target.with_name(target.name + ".part")
    reason = ""
    for attempt in range(attempts):
        resumed = part.is_file() and part.stat().st_size > 0
        try:
            _continue_part(url, part, size, timeout)
        except _CutShortError as failure:
            reason = str(failure)
            if attempt + 1 < attempts:
                wait = pause * 2**attempt if failure.pause is None else failure.pause
                time.sleep(min(wait, 60.0))
            continue
        found = file_checksum(part, checksum) if checksum else ""
        if found == checksum:
            os.replace(part, target)
            return
        part.unlink()
        reason = f"expected {checksum}, found {found}"
        # The beginning may have come from another version of the file: once more from nothing.
        if not resumed:
            break
    raise _RefusedError(reason)


def _continue_part(url: str, part: Path, size: int, timeout: float) -> None:
    """Append to ``part`` what it lacks of the file at ``url``, or start it afresh."""
    have = part.stat().st_size if part.is_file() else 0
    if have and have == size:
        return
    if have > size:  # of something else, or of unknown size
        part.unlink()
        have = 0
    headers = {"User-Agent": f"metabench/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=timeout
        ) as response:
            # 200 instead of 206: the server ignores Range and sends the file from its beginning.
            if response.status != 206:
                have = 0
            elif not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                part.unlink()
                raise _CutShortError("the server sent another range than was asked for")
            if "html" in response.headers.get("Content-Type", ""):
                raise _RefusedError("the server sent an HTML page instead of the file")
            size = size or response.length or 0
            with part.open("ab" if have else "wb") as stream:
                _copy(response, stream, have, size, part.name.removesuffix(".part"))
    except urllib.error.HTTPError as error:
        if error.code == 416:  # what we have does not fit the file on this server
            part.unlink(missing_ok=True)
            raise _CutShortError("the server refused the range") from error
        if error.code in TRY_LATER:
            raise _CutShortError(f"HTTP {error.code}", _retry_after(error)) from error
        # Of a redirect in a circle it tells a story of several lines.
        told = " ".join(str(error.reason).split())
        raise _RefusedError(f"HTTP {error.code} {told}") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError | ConnectionResetError):
            raise _CutShortError(str(error.reason)) from error
        raise _RefusedError(
            str(error.reason)
        ) from error  # no such host, no network, no certificate
    except (http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise _CutShortError(str(error) or type(error).__name__) from error
    except ValueError as error:  # no address: another mirror may have one
        raise _RefusedError(str(error)) from error
    except OSError as error:
        raise MetabenchError(
            f"{part}: cannot be written ({error.strerror}); what has arrived is kept"
        ) from error
    if (have := part.stat().st_size) != size and size:
        raise _CutShortError(f"the connection closed after {have} of {size} bytes")


def _copy(
    response: http.client.HTTPResponse, stream: IO[bytes], have: int, size: int, name: str
) -> None:
    # A log is not a terminal, and wants a line now and then rather than ten a second.
    pause = 0.1 if sys.stderr.isatty() else 5.0
    with tqdm(
        desc=name, initial=have, total=size, unit="B", unit_scale=True, mininterval=pause
    ) as progress:
        while block := response.read1(BLOCK):
            if have == 0 and block.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
                raise _RefusedError("the server sent an HTML page instead of the file")
            stream.write(block)
            have += len(block)
            progress.update(len(block))
            if 0 < size < have:
                raise _RefusedError(f"the server sends more than the file's {size} bytes")


def _retry_after(error: urllib.error.HTTPError) -> float | None:
    value = error.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None
