from __future__ import annotations

from pathlib import Path

import fake_study
import pytest

from metabench.report.figures import write_figures
from metabench.report.page import write_page
from metabench.report.tables import write_tables


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The made-up study, collected once; only read it."""
    where = fake_study.make(tmp_path_factory.mktemp("fake"))
    fake_study.collect(where)
    return where


@pytest.fixture(scope="session")
def report(collected: dict[str, Path]) -> Path:
    """The made-up study with its tables, figures and page; only read it."""
    write_tables(collected["report"], fake_study.STUDY)
    write_figures(collected["report"], fake_study.STUDY, collected["results"])
    write_page(collected["report"], fake_study.STUDY, fake_study.origin(collected))
    return collected["report"]


@pytest.fixture
def fresh(tmp_path: Path) -> dict[str, Path]:
    """The made-up study, not collected: a test may damage it."""
    return fake_study.make(tmp_path)
