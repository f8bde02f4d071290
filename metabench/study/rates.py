"""What a meta-iteration takes, as it was measured: ``config/rates.csv``.

A rate holds for one algorithm in one setting with one network and size of meta-batch, on the
device that its row names. Of everything else the hours are unknown, and are said to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metabench.files.config_tables import RATES
from metabench.files.csv_table import read_table
from metabench.files.forms import NUMBER, TEXT, WHOLE
from metabench.label import own_name
from metabench.spec import RunSpec

FILE = "rates.csv"
COLUMNS = list(RATES)
#: Of the ``run.json`` of a finished run: what its row needs.
MEASURED = {
    **dict.fromkeys(["algorithm", "dataset", "backbone", "device"], TEXT),
    **dict.fromkeys(["way", "shot", "hyperparameters.meta_batch", "iterations"], WHOLE),
    "cost.train_seconds": NUMBER,
}


@dataclass(frozen=True)
class Rate:
    """Seconds of one meta-iteration, validation included, on a device."""

    seconds: float
    device: str


Rates = dict[tuple[str, ...], Rate]


def read_rates(file: Path) -> Rates:
    """The rates in a file; none where there is no such file.

    Raises:
        MetabenchError: naming the line that is not right.
    """
    return {
        tuple(row[name] for name in COLUMNS[:-2]): Rate(float(row["seconds"]), row["device"])
        for row in read_table(file, RATES)
    }


def rate_of(model: RunSpec, rates: Rates) -> Rate | None:
    """The rate that was measured for such a model, if any was."""
    batch = model.hyperparameters["meta_batch"]
    place = (model.data.name, model.way, model.shot, model.backbone, batch)
    return rates.get((own_name(model.algorithm), *map(str, place)))


def hours(model: RunSpec, rates: Rates) -> float | None:
    """What the meta-training of a model is expected to take; None where nobody measured it."""
    if not model.hyperparameters["iterations"]:
        return 0.0
    rate = rate_of(model, rates)
    return model.hyperparameters["iterations"] * rate.seconds / 3600 if rate else None


def measured(run: dict[str, Any]) -> str:
    """The row of ``config/rates.csv`` that the ``run.json`` of a finished run gives."""
    seconds = run["cost"]["train_seconds"] / run["iterations"]
    told = {"algorithm": own_name(run["algorithm"]), "seconds": f"{seconds:.3g}"}
    row = {**run, **told, "meta_batch": run["hyperparameters"]["meta_batch"]}
    return ",".join(str(row[name]).replace(",", ";") for name in COLUMNS)
