"""The tables of the report: numbers in full, and the same as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from metabench.report.formats import NONE
from metabench.speed.targets import drawing_share, one, share_of_limit, targets

Table = tuple[pd.DataFrame, pd.DataFrame]
RIVALS = {"loop": "plain loop", "higher": "higher", "torchopt": "TorchOpt"}
ALGORITHMS = {
    "maml": "MAML",
    "fomaml": "FOMAML",
    "imaml": "iMAML",
    "reptile": "Reptile",
    "protonet": "Prototypical networks",
}


def make(measured: dict[str, Any]) -> dict[str, Table]:
    """Every table by its name."""
    return {
        "targets": targets_table(measured),
        "iterations": iterations_table(measured),
        "memory": memory_table(measured),
        "jobs": jobs_table(measured),
        "data": data_table(measured),
    }


def targets_table(measured: dict[str, Any]) -> Table:
    """What was to be reached."""
    found = targets(measured)
    numbers = [{**vars(t), "reached": t.reached} for t in found]
    text = [
        {
            "What": t.what,
            "Measured": f"{t.value:.3g} {t.unit}",
            "Target": f"{'at least' if t.at_least else 'at most'} {t.bound:g} {t.unit}",
            "Reached": "yes" if t.reached else "**no**",
            "Held by": t.holds,
        }
        for t in found
    ]
    return pd.DataFrame(numbers), pd.DataFrame(text)


def iterations_table(measured: dict[str, Any]) -> Table:
    """Meta-iterations a second, and how many times as long everyone else takes."""
    rows, text = measured["iterations"], []
    for ours in rows:
        if ours["contestant"] != "metabench":
            continue
        beside = {name: of_rival(rows, ours, name) for name in RIVALS}
        apart = [row["difference_float64"] for row in beside.values() if row]
        reached, limit = share_of_limit(measured, ours)
        text.append(
            {
                "Setting": ours["setting"],
                "Algorithm": ALGORITHMS[ours["algorithm"]],
                "Threads": ours["threads"],
                "Meta-iterations a second": f"{1 / ours['seconds']:.3g}",
                **{
                    title: f"{beside[name]['times_ours']:.2f} x" if beside[name] else NONE
                    for name, title in RIVALS.items()
                },
                "GFLOP": f"{ours['operations'] / 1e9:.3g}",
                "GFLOP/s": f"{ours['operations'] / ours['seconds'] / 1e9:.3g}",
                "Of the machine's rate": f"{reached:.1%} ({limit.removesuffix(' rate')})",
                "Gradients differ by": f"{max(apart):.0e}" if apart else NONE,
            }
        )
    return pd.DataFrame(rows), pd.DataFrame(text)


def of_rival(rows: Sequence[dict[str, Any]], ours: dict[str, Any], name: str) -> dict[str, Any]:
    """A rival's row beside ours; empty where it has none."""
    try:
        return one(list(rows), ours, contestant=name)
    except StopIteration:
        return {}


def memory_table(measured: dict[str, Any]) -> Table:
    """Peak memory of MAML beyond that of an empty process."""
    rows, text = measured["memory"], []
    for ours in rows:
        if ours["contestant"] == "metabench":
            beside = {name: of_rival(rows, ours, name) for name in RIVALS}
            text.append(
                {
                    "Setting": ours["setting"],
                    "Threads": ours["threads"],
                    "metabench": f"{ours['megabytes']:.0f} MB",
                    **{
                        title: f"{beside[name]['megabytes']:.0f} MB" if beside[name] else NONE
                        for name, title in RIVALS.items()
                    },
                }
            )
    return pd.DataFrame(rows), pd.DataFrame(text)


def jobs_table(measured: dict[str, Any]) -> Table:
    """What Snakemake, a job and the command line take."""
    rows = [
        {"what": name.replace("_", " "), "runs": 1, "seconds": seconds}
        for name, seconds in measured["jobs"].items()
    ] + measured["workflow"]
    text = [
        {
            "What": f"{row['what']}, {row['runs']:,} runs" if row["runs"] > 1 else row["what"],
            "Seconds": f"{row['seconds']:.3g}",
        }
        for row in rows
    ]
    return pd.DataFrame(rows), pd.DataFrame(text)


def data_table(measured: dict[str, Any]) -> Table:
    """The parts of a meta-iteration."""
    text = [
        {
            "Setting": row["setting"],
            "Threads": row["threads"],
            "Drawing tasks": f"{1e3 * row['draw']:.3g} ms",
            "Meta-gradient": f"{1e3 * row['meta_gradient']:.3g} ms",
            "Outer update": f"{1e3 * row['update']:.3g} ms",
            "Drawing, of all": f"{drawing_share(row):.1%}",
        }
        for row in measured["shares"]
    ]
    return pd.DataFrame(measured["shares"]), pd.DataFrame(text)
