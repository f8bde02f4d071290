"""Raw data: what is on this machine, verified by content, and what would be downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from metabench.datasets.archives import VARIABLE, Archive, find, named_folder
from metabench.doctor.finding import Finding
from metabench.errors import MetabenchError
from metabench.study.catalogue import Catalogue
from metabench.study.plan import archives


def data_folder() -> Finding:
    """The folder that the environment names."""
    named = os.environ.get(VARIABLE)
    if not named:
        advice = f"where there is no internet, put archives into a folder and name it in {VARIABLE}"
        return Finding("data", "note", f"{VARIABLE} is not set", advice)
    try:
        return Finding("data", "ok", f"{VARIABLE} is {named_folder()}")
    except MetabenchError as error:
        found, _, advice = str(error).rpartition("; ")
        return Finding("data", "bad", found, advice)


def every_archive(config: Path) -> Iterator[Finding]:
    """A finding for each data set of ``config`` that is not right, and for each archive."""
    catalogue = Catalogue([config])
    known: dict[str, Archive] = {}
    for file in sorted((config / "datasets").glob("*.yaml")):
        try:
            known |= archives([catalogue.dataset(file.stem, str(config))])
        except MetabenchError as error:
            yield Finding(f"data set {file.stem}", "bad", str(error))
    for archive in known.values():
        yield look_for(archive)


def look_for(archive: Archive) -> Finding:
    """Where an archive lies, and how it was known."""
    try:
        source = find(archive, named_folder())
    except MetabenchError as error:
        return Finding(archive.name, "bad", str(error), "replace it, or remove it")
    if source is not None:
        known = {
            "archive": "the published file",
            "content": "known by its content",
            "listing": "no digest is published: checked when it is read",
        }[source.verified]
        return Finding(archive.name, "ok", f"{source.path}: {known}")
    if not archive.urls:
        advice = f"get it from whoever has it, and put it into the folder of {VARIABLE}"
        return Finding(archive.name, "note", "not here, and no host hands it out", advice)
    size = f"{archive.size / 1e6:,.1f} MB" if archive.size else "size unknown"
    host = urlsplit(archive.urls[0]).hostname
    return Finding(archive.name, "ok", f"not here; would be downloaded from {host} ({size})")
