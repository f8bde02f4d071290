"""Make a data set's splits from its verified archives: all of them, or nothing."""

from __future__ import annotations

import importlib
import shutil
import tempfile
from pathlib import Path

from metabench.datasets.archives import Source, read_source, verify_source
from metabench.datasets.store import SPLITS, load_split
from metabench.errors import MetabenchError
from metabench.spec import DataSpec


def prepare(data: DataSpec, sources: list[Path], out: Path) -> None:
    """Write ``out/<split>`` for train, val and test by the data set's module.

    The splits are made in a temporary folder and moved when all are whole: a run that is killed
    leaves ``out`` as it was, or with whole splits.

    Args:
        data: the data set.
        sources: what ``fetch`` wrote for each of its archives.
        out: the folder of the data set.

    Raises:
        MetabenchError: if an archive is missing, or is no longer what was verified.
    """
    module = importlib.import_module(data.module)
    module.check(data.options, f"data set {data.name}")
    found = {source.name: source for source in map(read_source, sources)}
    verified: dict[str, Source] = {}
    for archive in module.archives(data.options):
        if archive.name not in found:
            raise MetabenchError(f"data set {data.name}: needs the archive {archive.name}")
        # Once more, for the file may have changed since it was fetched.
        verify_source(archive, found[archive.name])
        verified[archive.name] = found[archive.name]
    out.mkdir(parents=True, exist_ok=True)
    for left in out.parent.glob(f".{out.name}.*"):  # by one that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
        made = Path(temporary, out.name)
        module.prepare(data.options, verified, made)
        for split in SPLITS:
            load_split(made / split)
        for part in sorted(made.iterdir()):
            shutil.rmtree(out / part.name, ignore_errors=True)
            part.rename(out / part.name)
