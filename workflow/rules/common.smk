# What all rules share: the study, read and checked before there is any job, and where files lie.
#
# The study is the file that `--configfile` names, or config/config.yaml, and nothing else. The
# directive `configfile:` would merge the one into the other, so that a study which says nothing
# of a key would silently get the default study's; so there is none, and `config` is not used.

import os
import re
import sys
from dataclasses import asdict
from pathlib import Path

from metabench.config import Study, load, run_key
from metabench.errors import MetabenchError
from metabench.files import canonical
from metabench.lazy import import_lazily
from metabench.spec import RunSpec

PROJECT = Path(workflow.basedir)


def study_file() -> Path:
    """The study's file, as short as it can be written."""
    if workflow.config_settings.config:
        raise MetabenchError(
            "--config: a study is one file; copy it, edit the copy, and give it with --configfile"
        )
    given = [*workflow.overwrite_configfiles] or [PROJECT / "config" / "config.yaml"]
    if len(given) > 1:
        raise MetabenchError(
            f"--configfile: {len(given)} studies; one at a time is right"
        )
    here = Path.cwd()
    return given[0].relative_to(here) if given[0].is_relative_to(here) else given[0]


def check_rules(study: Study) -> None:
    """Every algorithm that something must run for has a file of rules."""
    folder = PROJECT / "workflow" / "rules" / "algorithms"
    needed = [run.algorithm for run in study.models]
    needed += [run.algorithm for run in study.runs if not run.algorithm_class]
    for name in dict.fromkeys(needed):
        if not (folder / f"{name}.smk").is_file():
            raise MetabenchError(
                f"{study.algorithms[name].file}: no rule trains '{name}'; write "
                f"workflow/rules/algorithms/{name}.smk (docs/adding-an-algorithm.md)"
            )


try:
    STUDY = load(study_file(), PROJECT / "config")
    check_rules(STUDY)
except MetabenchError as error:
    # Snakemake would put its own lines and a traceback around an exception.
    sys.exit(f"metabench: error: {error}")

if STUDY.archives is not None:
    # In the environment and not a parameter of a rule: to move the archives must not make
    # Snakemake think that everything made from them is out of date.
    os.environ["METABENCH_DATA"] = str(STUDY.archives)

MODELS = {run_key(run): run for run in STUDY.models}
RUNS = {run_key(run): run for run in STUDY.runs}

EPISODES = "results/episodes/{dataset}/{split}-{way}w{shot}s"
RUN = f"results/runs/{STUDY.name}/{{dataset}}/{{way}}w{{shot}}s/{{algorithm}}/seed{{seed}}"
LOG = RUN.replace("results/runs", "logs")
REPORT = f"reports/{STUDY.name}"

SPLIT_FILES = ("images.npy", "labels.npy", "classes.txt", "meta.json")
CLASSIFICATION_FILES = ("episodes.json", "support.npy", "query.npy")
REGRESSION_FILES = ("episodes.json", "support_x.npy", "support_y.npy", "query_x.npy")
LABELS = "query_labels.npy"  # of the queries: for validation and scoring, never for a test run

# The last thing a failing command says goes to the terminal too.
LOGGED = " > {log:q} 2>&1 || {{ tail -n 2 {log:q} >&2; exit 1; }}"


wildcard_constraints:
    dataset=r"[a-z0-9][a-z0-9_-]*",
    split="train|val|test",
    way=r"\d+",
    shot=r"\d+",
    algorithm=r"[a-z0-9][a-z0-9_-]*",
    seed=r"\d+",


def any_of(names) -> str:
    """The pattern of a wildcard that is one of ``names``; for none of them, nothing matches."""
    return "|".join(sorted(names)) or "(?!)"


def of_task(task: str) -> str:
    """The pattern of the study's data sets of one task."""
    return any_of(
        name for name, data in STUDY.datasets.items() if data.spec.task == task
    )


def model_spec(wildcards) -> RunSpec:
    """What is to be trained."""
    return MODELS[_key(wildcards)]


def run_spec(wildcards) -> RunSpec:
    """What is to be evaluated."""
    return RUNS[_key(wildcards)]


def _key(wildcards) -> tuple:
    w = wildcards
    return w.dataset, int(w.way), int(w.shot), w.algorithm, int(w.seed)


def folder_of(run: RunSpec, algorithm: str = "") -> str:
    """Where a run writes, or where another algorithm does in its place."""
    place = {
        "dataset": run.data.name,
        "way": run.way,
        "shot": run.shot,
        "seed": run.seed,
    }
    return RUN.format(**place, algorithm=algorithm or run.algorithm)


def split_files(dataset: str, *splits: str, names=SPLIT_FILES) -> list[str]:
    """The images of some splits; none for functions, which are drawn on the spot."""
    if STUDY.datasets[dataset].spec.task == "regression":
        return []
    return [
        f"results/data/{dataset}/{split}/{name}" for split in splits for name in names
    ]


def image_options(dataset: str, **folders: str) -> list[str]:
    """Command line options that name the folders of splits: ``images="train"``."""
    if STUDY.datasets[dataset].spec.task == "regression":
        return []
    options = []
    for option, split in folders.items():
        options += [f"--{option.replace('_', '-')}", f"results/data/{dataset}/{split}"]
    return options


def episode_files(dataset: str, split: str, way, shot, labels: bool) -> list[str]:
    """The files of fixed episodes, with or without the labels of the queries."""
    regression = STUDY.datasets[dataset].spec.task == "regression"
    names = REGRESSION_FILES if regression else CLASSIFICATION_FILES
    folder = f"results/episodes/{dataset}/{split}-{way}w{shot}s"
    return [f"{folder}/{name}" for name in (*names, *[LABELS] * labels)]


def gpu_job(runtime: int, mem_mb: int = 4000) -> dict[str, int]:
    """Resources of a job that uses a GPU where there is one; ``runtime`` is in minutes.

    `use rule ... with: resources:` replaces all of them, so a rule that changes one writes
    ``**gpu_job(runtime=600)``. Without a cluster they are not more than a note.
    """
    return {"gpu": 1, "runtime": runtime, "mem_mb": mem_mb}
