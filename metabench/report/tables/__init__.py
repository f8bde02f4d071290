"""The tables of a report."""

from metabench.report.tables.write import make_tables, write_tables

__all__ = ["make_tables", "write_tables"]
