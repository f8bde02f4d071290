"""The figures of a report."""

from metabench.figures.write import write_figures

__all__ = ["write_figures"]
