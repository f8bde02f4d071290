"""A program in any language as an algorithm: run, checked, and described.

The program writes ``predictions.npy`` and need write nothing else. What is wrong with it is said
here, by the job that made it, and not when the whole study is collected.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metabench import __version__
from metabench.errors import MetabenchError
from metabench.files.described import read_described, write_described
from metabench.files.forms import TEXT, WHOLE
from metabench.files.runs import KEY, check_predictions, read_episodes, read_run
from metabench.files.whole import file_digest
from metabench.machine import provenance
from metabench.machine.peak import run_measured
from metabench.spec import RunSpec

RESULTS = ("predictions.npy", "steps.npy")  # the latter if it has inner steps to show
OF_EPISODES = {"episodes": WHOLE, "queries": WHOLE, "sha256": TEXT, "data_sha256": TEXT}


def run_external(
    spec: RunSpec, episodes: Path, program: Path, out: Path, command: Sequence[str]
) -> None:
    """Run ``command``, check the ``predictions.npy`` that it writes, and write ``run.json``.

    So is ``steps.npy`` checked, which it may write as well: see docs/results.md.

    A program that knows more of its run than can be seen from here writes a ``run.json`` of its
    own: its keys (``modes``, ``status``, ``cost``, ...) go over ours.

    Args:
        spec: the run.
        episodes: the folder of the test episodes.
        program: the file that an edit of the program edits; ``run.json`` quotes its digest.
        out: the run's folder.
        command: the program and its arguments.

    Raises:
        MetabenchError: where the program fails, or what it wrote is not right.
    """
    about = out / "run.json"
    out.mkdir(parents=True, exist_ok=True)
    for left_over in (about, *(out / name for name in RESULTS)):
        left_over.unlink(missing_ok=True)
    begun = time.monotonic()
    peak_mb = _call(command)
    seconds = time.monotonic() - begun
    told = read_described(about) if about.exists() else {}
    known = spec.identity() | {"code": file_digest(program)}
    test = read_described(episodes / "episodes.json", needed=OF_EPISODES)
    written = [name for name in RESULTS if (out / name).exists()]
    from_outside = seen(test, seconds, peak_mb)
    if isinstance(told.get("cost"), dict):  # it may know of some costs alone
        told["cost"] = from_outside["cost"] | told["cost"]
    write_described(about, known | from_outside | told, written)
    run = read_run(out, spec.study)
    for key in ("task", *KEY, "hyperparameters"):
        if run[key] != known[key]:
            raise MetabenchError(f"{about}: {key} is {run[key]!r}; {known[key]!r} is right")
    read_episodes(episodes, run, out)
    if run["status"] == "finished":
        shape = (test["episodes"], test["queries"]) + (1,) * (spec.data.task == "regression")
        check_predictions(out / "predictions.npy", len(run["modes"]), run, shape)
        if "steps.npy" in written:
            check_predictions(out / "steps.npy", len(run["steps"]), run, shape)


def seen(test: dict[str, Any], seconds: float, peak_mb: float) -> dict[str, Any]:
    """What can be said of a run from outside; ``test`` is the content of episodes.json."""
    return {
        "backbone": "none",
        "status": "finished",
        "modes": ["none"],
        "episodes_sha256": test["sha256"],
        "data_sha256": test["data_sha256"],
        **({"subset": test["subset"]} if "subset" in test else {}),
        "versions": {"metabench": __version__},
        "device": provenance.processor_name(),
        "cost": {
            "train_seconds": 0.0,
            "evaluate_seconds": round(seconds, 3),
            "peak_memory_mb": round(peak_mb, 1),
        },
    }


def _call(command: Sequence[str]) -> float:
    """Run the program; its largest memory, in 10^6 bytes."""
    if not command:
        raise MetabenchError("external: no program; `-- PROGRAM ARGUMENTS` is right at the end")
    try:
        status, peak_mb = run_measured(command)
    except OSError as error:
        raise MetabenchError(f"{command[0]}: cannot be run: {error.strerror}") from error
    if status:
        raise MetabenchError(f"{command[0]}: ended with status {status}; see what it said above")
    return peak_mb
