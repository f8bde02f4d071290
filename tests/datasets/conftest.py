from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from made_up import png, write_zip

from metabench.datasets.archives import Archive, content_sha256


@pytest.fixture
def raw_data() -> Path:
    """The folder of raw archives that METABENCH_DATA names."""
    named = os.environ.get("METABENCH_DATA")
    if not named:
        pytest.skip("METABENCH_DATA names no folder of raw archives")
    return Path(named)


@pytest.fixture(autouse=True)
def _no_raw_data(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that do not ask for raw data must not find any."""
    if "raw_data" not in request.fixturenames:
        monkeypatch.delenv("METABENCH_DATA", raising=False)


@pytest.fixture
def letters() -> dict[str, bytes]:
    """The files of a small archive named letters.zip."""
    return {
        f"letters/Latin/character0{c}/{c}_{d}.png": png(10 * c + d) for c in (1, 2) for d in (1, 2)
    }


@pytest.fixture
def published(tmp_path: Path, letters: dict[str, bytes]) -> Archive:
    """letters.zip as its publisher describes it; the file itself lies in ``published``."""
    path = tmp_path / "published" / "letters.zip"
    write_zip(path, letters)
    content = path.read_bytes()
    checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
    unknown = Archive("letters.zip", (), len(content), checksum, "", "MIT", "letters")
    return Archive(
        **{
            **vars(unknown),
            "content_sha256": content_sha256(unknown, path),
            "urls": ("http://127.0.0.1:9/letters.zip",),
        }
    )
