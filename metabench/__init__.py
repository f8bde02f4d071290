"""metabench: a reproducible benchmark of meta-learning."""

__version__ = "0.1.0"
