"""The page of a report."""

from metabench.report.page.write import Origin, write_page

__all__ = ["Origin", "write_page"]
