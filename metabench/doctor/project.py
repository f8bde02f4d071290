"""The project: the files that describe data sets and algorithms, and the workflow beside them."""

from __future__ import annotations

from pathlib import Path

from metabench.doctor.finding import Finding

FOLDERS = ("datasets", "algorithms")
WORKFLOW = "Snakefile"


def project(config: Path) -> Finding:
    """Whether studies can be read, and run, from here.

    Args:
        config: the folder that describes data sets and algorithms.
    """
    advice = "do this in metabench's folder, or name its folder config with --config"
    missing = [str(config / name) for name in FOLDERS if not (config / name).is_dir()]
    if missing:
        return Finding("project", "bad", f"no folder {' and no folder '.join(missing)}", advice)
    # A folder of configuration may lie elsewhere than the workflow that is run with it.
    if not any((folder / WORKFLOW).is_file() for folder in (Path(), config.absolute().parent)):
        return Finding("project", "bad", f"no {WORKFLOW} here, and none beside {config}", advice)
    return Finding("project", "ok", f"{config}, with a {WORKFLOW}")
