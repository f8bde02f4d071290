"""What was to be reached, and whether it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TIMES_TORCHOPT = {  # MAML: seconds of TorchOpt in ours, at least
    "sinusoid": 12.0,
    "omniglot-5w1s": 4.0,
    "omniglot-20w1s": 3.0,
    "miniimagenet-5w1s": 2.5,
}
WORKFLOW = {  # seconds, at most
    ("dry run", 1_000): 3.0,
    ("re-check of a finished study", 1_000): 4.0,
    ("metabench --help", 0): 0.3,
}
META_TESTING = {"protonet": 5.0, "maml": 20.0}  # seconds of 600 episodes, at most
DRAWING = 0.05  # share of a meta-iteration, at most


@dataclass(frozen=True)
class Target:
    """A number that was measured and the bound that it should keep."""

    what: str
    value: float
    bound: float
    at_least: bool  # otherwise at most
    unit: str
    holds: str  # what the number is held by

    @property
    def reached(self) -> bool:
        """Whether the bound is kept."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def targets(measured: dict[str, Any]) -> list[Target]:
    """Every target whose part was measured."""
    return [*of_iterations(measured), *of_data(measured), *of_workflow(measured)]


def of_iterations(measured: dict[str, Any]) -> Iterator[Target]:
    """MAML beside TorchOpt."""
    for row in measured["iterations"]:
        if row["algorithm"] != "maml" or row["contestant"] != "torchopt":
            continue
        ours = one(measured["iterations"], row, contestant="metabench")
        reached, limit = share_of_limit(measured, ours)
        most = row["times_ours"] / reached
        yield Target(
            f"MAML, {row['setting']}, {threads(row)}: times as fast as TorchOpt",
            row["times_ours"],
            TIMES_TORCHOPT[row["setting"]],
            True,
            "x",
            f"{reached:.0%} of the machine's {limit}; all of it would be {most:.3g} x",
        )


def of_data(measured: dict[str, Any]) -> Iterator[Target]:
    """Drawing, and meta-testing."""
    for row in measured["shares"]:
        yield Target(
            f"MAML, {row['setting']}, {threads(row)}: drawing tasks, of a meta-iteration",
            100 * drawing_share(row),
            100 * DRAWING,
            False,
            "%",
            f"{1e3 * row['draw']:.3g} ms; the meta-gradient: {1e3 * row['meta_gradient']:.3g} ms",
        )
    for row in measured["meta_testing"]:
        yield Target(
            f"{row['algorithm']}, {threads(row)}: 600 episodes, {row['mode']}",
            row["seconds"],
            META_TESTING[row["algorithm"]],
            False,
            "s",
            f"{row['operations'] / row['seconds'] / 1e9:.3g} GFLOP/s",
        )


def of_workflow(measured: dict[str, Any]) -> Iterator[Target]:
    """Snakemake and the command line."""
    seconds = {(row["what"], row["runs"]): row["seconds"] for row in measured["workflow"]}
    for (what, runs), bound in WORKFLOW.items():
        if (what, runs) in seconds:
            floor = ("dry run of bare rules", runs) if runs else ("python, doing nothing", 0)
            holds = f"{floor[0]}: {seconds[floor]:.2g} s"
            name = f"{what}, {runs:,} runs" if runs else what
            yield Target(name, seconds[what, runs], bound, False, "s", holds)


def drawing_share(row: dict[str, Any]) -> float:
    """Of a meta-iteration: drawing, meta-gradient and outer update."""
    return float(row["draw"] / (row["draw"] + row["meta_gradient"] + row["update"]))


def share_of_limit(measured: dict[str, Any], row: dict[str, Any]) -> tuple[float, str]:
    """The operations a second of a row, in those that the machine can do, and of which kind."""
    rates = one(measured["machine"], {"setting": row["setting"], "threads": row["threads"]})
    kind = "matrix product" if row["setting"] == "sinusoid" else "convolution"
    return row["operations"] / row["seconds"] / rates[kind], f"{kind} rate"


def one(rows: list[dict[str, Any]], like: dict[str, Any], **other: Any) -> dict[str, Any]:
    """The row of the same setting, threads and algorithm, where there is one."""
    keys = ("setting", "threads", "algorithm")
    wanted = {key: like[key] for key in keys if key in like} | other
    return next(row for row in rows if all(row[key] == wanted[key] for key in wanted))


def threads(row: dict[str, Any]) -> str:
    """``1 thread``, ``2 threads``."""
    return f"{row['threads']} thread{'s' * (row['threads'] > 1)}"
