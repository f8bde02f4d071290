"""What a study asks for, in a few lines for people."""

from __future__ import annotations

from metabench.study.config import Study


def describe(study: Study) -> str:
    """The cells of a study, its runs and its meta-iterations.

    default: Data made by the program (3 seeds)
      glyphs 5w1s: maml, fomaml, reptile
    ...
    48 runs, 42 models to train, 163,000 meta-iterations
    """
    count = len(study.seeds)
    lines = [f"{study.name}: {study.title} ({count} seed{'s' * (count > 1)})"]
    cells: dict[str, dict[str, None]] = {}
    for run in study.runs:
        way = f"{run.way}w" if run.data.task == "classification" else ""
        cell = f"{run.data.name} {way}{run.shot}s, {run.backbone}"
        cells.setdefault(cell, {})[run.algorithm] = None
    lines += [f"  {cell}: {', '.join(algorithms)}" for cell, algorithms in cells.items()]
    iterations = sum(model.hyperparameters["iterations"] for model in study.models)
    lines.append(
        f"{len(study.runs)} runs, {len(study.models)} models to train, "
        f"{iterations:,} meta-iterations"
    )
    return "\n".join(lines)
