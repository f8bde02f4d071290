"""Backbones as pure functions of their parameters, by name: ``conv4-64``, ``mlp-40-40``, ..."""

from metabench.networks.build import build
from metabench.networks.network import Network

__all__ = ["Network", "build"]
