"""The tables of a report."""

from metabench.tables.write import make_tables, write_tables

__all__ = ["make_tables", "write_tables"]
