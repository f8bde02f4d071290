# Where files lie, and which of them a job needs.

import re
from dataclasses import asdict

from metabench.files.whole import canonical
from metabench.report.names import (
    FACTS,
    FIGURE_FORMATS,
    TABLE_FORMATS,
    TABLE_NAMES,
    figure_names,
)
from metabench.sources import own_digest, source_digest
from metabench.spec import RunSpec
from metabench.study.config import RunKey, run_key
from metabench.study.plan import archives

# An algorithm may have a label, such as "--resnet12". It is a wildcard of its own, so that a rule for
# `algorithm="maml"` is for `maml--resnet12` too.
RUN_FOLDER = "{dataset}/{way}w{shot}s/{algorithm}{label}/seed{seed}"
EPISODES = "results/episodes/{dataset}/{split}-{way}w{shot}s"
BLIND = "results/blind/{dataset}/test-{way}w{shot}s"
RUN = f"results/runs/{STUDY.name}/{RUN_FOLDER}"
LOG = f"logs/{STUDY.name}/{RUN_FOLDER}"
REPORT = f"reports/{STUDY.name}"
CAPTIONS = PROJECT / "workflow" / "report"

SPLIT_FILES = ("images.npy", "labels.npy", "classes.txt", "meta.json")
IMAGE_ARRAYS = ("support.npy", "query.npy")
FUNCTION_ARRAYS = ("support_x.npy", "support_y.npy", "query_x.npy")
BLIND_ARRAYS = ("images", "support", "query")  # of test episodes, in a random order
LABELS = "query_labels.npy"  # of the queries: for validation and scoring, never for a test run

MODELS = {run_key(run): run for run in STUDY.models}
RUNS = {run_key(run): run for run in STUDY.runs}
FIGURES = figure_names(
    STUDY.asked, {name: data.spec.task for name, data in STUDY.datasets.items()}
)
ARCHIVES = archives(STUDY.datasets.values())


wildcard_constraints:
    dataset=r"[a-z0-9][a-z0-9_-]*",
    split="train|val|test",
    way=r"\d+",
    shot=r"\d+",
    algorithm=r"[a-z0-9][a-z0-9_-]*",
    label=r"(--[a-z0-9][a-z0-9_-]*)?",
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


def _key(wildcards) -> RunKey:
    w = wildcards
    return w.dataset, int(w.way), int(w.shot), w.algorithm + w.label, int(w.seed)


def folder_of(key: RunKey) -> str:
    """Where a model or a run is written."""
    names = ("dataset", "way", "shot", "algorithm", "seed")
    values = dict(zip(names, key, strict=True))
    return RUN.format(**values, label="")  # the algorithm's name has it


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


def episodes_of(dataset: str, split: str, way, shot) -> str:
    """The description of fixed episodes; their arrays lie beside it."""
    return f"results/episodes/{dataset}/{split}-{way}w{shot}s/episodes.json"


def episode_arrays(dataset: str, split: str, way, shot, labels: bool) -> list[str]:
    """The arrays of fixed episodes, with or without the labels of the queries."""
    regression = STUDY.datasets[dataset].spec.task == "regression"
    names = FUNCTION_ARRAYS if regression else IMAGE_ARRAYS
    folder = f"results/episodes/{dataset}/{split}-{way}w{shot}s"
    return [f"{folder}/{name}" for name in (*names, *[LABELS] * labels)]


def archives_of(wildcards) -> list[str]:
    """What a data set is made from."""
    names = archives([STUDY.datasets[wildcards.dataset]])
    return [f"results/archives/{name}.json" for name in names]


def data_spec(wildcards) -> str:
    """The data set as canonical JSON."""
    return canonical(asdict(STUDY.datasets[wildcards.dataset].spec))


def function_code(wildcards) -> str:
    """The digest of what functions are written in; nothing for images, which have their own."""
    spec = STUDY.datasets[wildcards.dataset].spec
    return source_digest(spec.module) if spec.task == "regression" else ""


def image_code(wildcards) -> str:
    """The digest of the module that makes images, and not of what it shares with others.

    So an edit of it makes them again, and one of how files are downloaded does not.
    """
    return own_digest(STUDY.datasets[wildcards.dataset].spec.module)


def asked(key: str):
    """The value of ``episodes`` in a data set's file; ``key`` may have a ``{split}``."""
    return lambda w: STUDY.datasets[w.dataset].episodes[key.format(split=w.split)]


def training_files(wildcards) -> dict:
    """Training and validation images, and the validation episodes with their labels."""
    w = wildcards
    return {
        "images": split_files(w.dataset, "train", "val"),
        "episodes": episodes_of(w.dataset, "val", w.way, w.shot),
        "arrays": episode_arrays(w.dataset, "val", w.way, w.shot, labels=True),
    }


def evaluation_files(wildcards) -> dict:
    """Test images and episodes, each file under its name, and nothing that has a query's label.

    For what sees the pixels and not the positions of images, which are sorted by class.
    """
    w = wildcards
    files = [
        # The class of each image would give the queries' labels away: not `labels.npy`.
        *split_files(w.dataset, "test", names=["images.npy", "meta.json"]),
        episodes_of(w.dataset, "test", w.way, w.shot),
        *episode_arrays(w.dataset, "test", w.way, w.shot, labels=False),
    ]
    return {Path(file).stem: file for file in files}


def test_files(wildcards) -> dict:
    """The same for a program: images in a random order, so that a position says nothing."""
    w, files = wildcards, evaluation_files(wildcards)
    if STUDY.datasets[w.dataset].spec.task == "regression":
        return files
    folder = BLIND.format(dataset=w.dataset, way=w.way, shot=w.shot)
    return files | {name: f"{folder}/{name}.npy" for name in BLIND_ARRAYS}


def model_folder(wildcards) -> str:
    """Where the model lies that a run is evaluated on: mostly its own folder."""
    return folder_of(STUDY.model_of[_key(wildcards)])


def _tuned_on(wildcards) -> tuple | None:
    """The way and shot of the validation episodes that a run chooses on by itself.

    What is tested on its own model has chosen when that was trained.
    """
    _, way, shot, algorithm, _ = STUDY.model_of[_key(wildcards)]
    return None if algorithm == wildcards.algorithm + wildcards.label else (way, shot)


def tuning_files(wildcards) -> dict:
    """Validation images and episodes, for a run on the model of another algorithm."""
    w, setting = wildcards, _tuned_on(wildcards)
    if setting is None:
        return {}
    return {
        "val_images": split_files(w.dataset, "val"),
        "val_episodes": episodes_of(w.dataset, "val", *setting),
        "val_arrays": episode_arrays(w.dataset, "val", *setting, labels=True),
    }


def tuning_options(wildcards) -> list[str]:
    """Command line options that name them."""
    w, setting = wildcards, _tuned_on(wildcards)
    if setting is None:
        return []
    images = image_options(w.dataset, val_images="val")
    episodes = Path(episodes_of(w.dataset, "val", *setting)).parent
    return [*images, "--val-episodes", str(episodes)]


def test_labels(wildcards) -> list[str]:
    """The answers, for every setting of the study."""
    about = [
        episodes_of(e.dataset, e.split, e.way, e.shot)
        for e in STUDY.episodes
        if e.split == "test"
    ]
    return about + [file.replace("episodes.json", LABELS) for file in about]


def shown(file: str, kind: str):
    """The file with a place in `snakemake --report`, and the caption of its name."""
    name = Path(file).stem
    caption = CAPTIONS / (
        "page.rst" if kind == "page" else f"{kind}-{name.partition('-')[0]}.rst"
    )
    category = {"page": "Page", "table": "Tables", "figure": "Figures"}[kind]
    return report(file, caption=str(caption), category=category, labels={kind: name})
