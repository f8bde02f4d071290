# From predictions to tables, figures and the page. No torch from here on.

from metabench.report_names import (
    FIGURE_FORMATS,
    TABLE_FORMATS,
    TABLE_NAMES,
    figure_names,
)

FIGURES = figure_names(
    STUDY.values, {name: asdict(data.spec) for name, data in STUDY.datasets.items()}
)


def test_labels(wildcards) -> list[str]:
    """The answers, for every setting of the study."""
    return [
        f"results/episodes/{e.dataset}/{e.split}-{e.way}w{e.shot}s/{name}"
        for e in STUDY.episodes
        if e.split == "test"
        for name in ("episodes.json", LABELS)
    ]


rule collect:
    input:
        study=study_file(),
        runs=[f"{folder_of(run)}/run.json" for run in STUDY.runs],
        predictions=[f"{folder_of(run)}/predictions.npy" for run in STUDY.runs],
        labels=test_labels,
    output:
        scores=REPORT + "/scores.csv.gz",
        steps=REPORT + "/steps.csv",
        runs=REPORT + "/runs.csv",
    log:
        f"logs/{STUDY.name}/collect.log",
    benchmark:
        f"logs/{STUDY.name}/collect.jsonl"
    localrule: True
    params:
        runs=[folder_of(run) for run in STUDY.runs],
    shell:
        "python -m metabench collect --study {input.study:q} --runs {params.runs:q}"
        f" --episodes results/episodes --out {REPORT}" + LOGGED


rule tables:
    input:
        *rules.collect.output,
        study=study_file(),
        published=str(PROJECT / "config" / "published.csv"),
    output:
        expand(
            REPORT + "/tables/{name}.{format}", name=TABLE_NAMES, format=TABLE_FORMATS
        ),
    log:
        f"logs/{STUDY.name}/tables.log",
    benchmark:
        f"logs/{STUDY.name}/tables.jsonl"
    localrule: True
    shell:
        f"python -m metabench tables --study {{input.study:q}} --report {REPORT}"
        + LOGGED


rule figures:
    input:
        *rules.collect.output,
        study=study_file(),
    output:
        expand(REPORT + "/figures/{name}.{format}", name=FIGURES, format=FIGURE_FORMATS),
    log:
        f"logs/{STUDY.name}/figures.log",
    benchmark:
        f"logs/{STUDY.name}/figures.jsonl"
    localrule: True
    shell:
        f"python -m metabench figures --study {{input.study:q}} --report {REPORT}"
        " --results results" + LOGGED


rule page:
    input:
        rules.tables.output,
        rules.figures.output,
        study=study_file(),
    output:
        REPORT + "/index.html",
    log:
        f"logs/{STUDY.name}/page.log",
    benchmark:
        f"logs/{STUDY.name}/page.jsonl"
    localrule: True
    shell:
        f"python -m metabench page --study {{input.study:q}} --report {REPORT}" + LOGGED
