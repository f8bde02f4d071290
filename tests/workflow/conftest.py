"""Every test here may ask for a copy of the workflow of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow_copy import Copy, copy_workflow


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy in which nothing has run."""
    return copy_workflow(tmp_path)
