"""The page of a report."""

from metabench.report.page.write import write_page

__all__ = ["write_page"]
