# From predictions to tables, figures and the page. No torch from here on.

PUBLISHED = str(PROJECT / "config" / "published.csv")


rule collect:
    input:
        study=study_file(),
        runs=[f"{folder_of(run)}/run.json" for run in STUDY.runs],
        predictions=[f"{folder_of(run)}/predictions.npy" for run in STUDY.runs],
        labels=test_labels,
    output:
        scores=f"{REPORT}/scores.csv.gz",
        steps=f"{REPORT}/steps.csv",
        runs=f"{REPORT}/runs.csv",
    log:
        f"logs/{STUDY.name}/collect.log",
    benchmark:
        f"logs/{STUDY.name}/collect.jsonl"
    localrule: True
    params:
        runs=[folder_of(run) for run in STUDY.runs],
    shell:
        "logged {log:q} python -m metabench collect --study {input.study:q} --runs {params.runs:q}"
        f" --episodes results/episodes --out {REPORT}"


rule tables:
    input:
        *rules.collect.output,
        study=study_file(),
        published=PUBLISHED,
    output:
        [
            f"{REPORT}/tables/{name}.{end}"
            for name in TABLE_NAMES
            for end in TABLE_FORMATS
        ],
    log:
        f"logs/{STUDY.name}/tables.log",
    benchmark:
        f"logs/{STUDY.name}/tables.jsonl"
    localrule: True
    shell:
        f"logged {{log:q}} python -m metabench tables --study {{input.study:q}} --report {REPORT}"


rule figures:
    input:
        *rules.collect.output,
        study=study_file(),
        published=PUBLISHED,
    output:
        [f"{REPORT}/figures/{name}.{end}" for name in FIGURES for end in FIGURE_FORMATS],
    log:
        f"logs/{STUDY.name}/figures.log",
    benchmark:
        f"logs/{STUDY.name}/figures.jsonl"
    localrule: True
    shell:
        f"logged {{log:q}} python -m metabench figures --study {{input.study:q}} --report {REPORT}"
        " --results results"


rule page:
    input:
        rules.tables.output,
        rules.figures.output,
        study=study_file(),
        published=PUBLISHED,
    output:
        f"{REPORT}/index.html",
    log:
        f"logs/{STUDY.name}/page.log",
    benchmark:
        f"logs/{STUDY.name}/page.jsonl"
    localrule: True
    shell:
        f"logged {{log:q}} python -m metabench page --study {{input.study:q}} --report {REPORT}"
