"""The page of a report."""

from metabench.page.write import write_page

__all__ = ["write_page"]
