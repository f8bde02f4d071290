"""The figures of a report."""

from metabench.report.figures.write import write_figures

__all__ = ["write_figures"]
