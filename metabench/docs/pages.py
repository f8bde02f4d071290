"""Which files are made from the sources, and what they are to hold."""

from __future__ import annotations

from pathlib import Path

from metabench.docs.algorithms import algorithms_page
from metabench.docs.readme import with_papers
from metabench.docs.references import references
from metabench.docs.reproduction import record_pages
from metabench.docs.sources import read_algorithms


def pages(project: Path) -> dict[Path, str]:
    """The text of every page that is made, by its path."""
    described = read_algorithms(project)
    return {
        project / "README.md": with_papers(project),
        **record_pages(project),
        project / "docs" / "algorithms.md": algorithms_page(described),
        project / "docs" / "references.bib": references(described),
    }
