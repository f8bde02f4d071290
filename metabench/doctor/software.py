"""Python, the libraries, and Snakemake: are they there, and of versions that are supported?"""

from __future__ import annotations

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from metabench.doctor.finding import Finding

INSTALL = "pip install -e .   in metabench's folder"


def python() -> Finding:
    """Python's version against what the package says of itself."""
    found = f"{platform.python_version()} at {sys.executable}"
    try:
        right = metadata("metabench")["Requires-Python"]
    except PackageNotFoundError:
        return Finding("Python", "note", f"{found}; metabench itself is not installed", INSTALL)
    if platform.python_version() in SpecifierSet(right, prereleases=True):
        return Finding("Python", "ok", found)
    return Finding("Python", "bad", found, f"Python {right} is supported")


def libraries() -> Finding:
    """Every library that metabench needs, by what is installed beside it. None is imported."""
    try:
        needed = [Requirement(text) for text in requires("metabench") or []]
    except PackageNotFoundError:
        needed = []
    needed = [one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [text for one in needed if (text := _amiss(one))]
    if wrong:
        return Finding("libraries", "bad", "; ".join(wrong), INSTALL)
    return Finding("libraries", "ok", f"all {len(needed)} are there, torch {_version('torch')}")


def snakemake() -> Finding:
    """The command that runs studies, from the same installation as this one."""
    command = shutil.which("snakemake")
    if command is None:
        advice = "activate the environment that metabench is in, or write `python -m snakemake`"
        return Finding("snakemake", "bad", "there is no such command", advice)
    found = f"{_version('snakemake')} at {command}"
    if Path(command).parent != Path(sys.executable).parent:
        advice = "it may not find metabench: activate the environment that metabench is in"
        return Finding("snakemake", "note", f"{command}, beside another Python", advice)
    return Finding("snakemake", "ok", found)


def compilers() -> Finding:
    """Nothing is compiled on this machine."""
    return Finding("compiler", "ok", "none is needed")


def _amiss(requirement: Requirement) -> str:
    found = _version(requirement.name)
    if not found:
        return f"{requirement.name} is missing"
    if not requirement.specifier.contains(found, prereleases=True):
        return f"{requirement.name} is {found}, supported is {requirement.specifier}"
    return ""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
