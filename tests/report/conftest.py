from __future__ import annotations

from pathlib import Path

import fake_study
import pytest

from metabench.report.results import collect


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The made-up study, collected once; only read it."""
    where = fake_study.make(tmp_path_factory.mktemp("fake"))
    collect(where["study"], [where["runs"]], where["episodes"], where["report"])
    return where


@pytest.fixture
def fresh(tmp_path: Path) -> dict[str, Path]:
    """The made-up study, not collected: a test may damage it."""
    return fake_study.make(tmp_path)
