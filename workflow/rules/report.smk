# From predictions to tables, figures and the page. No torch from here on.
#
# `code` is a digest of what writes the files: an edit of a figure's code draws the figures again, and
# one of a caption or of the page's text writes the page; no run is done again for either.

from metabench.sources import source_digest, source_files
import metabench.report

PAGE = Path(metabench.report.__path__[0]) / "page"
CONFIG = str(PROJECT / "config")
PUBLISHED = f"{CONFIG}/published.csv"
REASONS = f"{CONFIG}/reasons.csv"
ALGORITHM_FILES = [str(about.file) for about in STUDY.algorithms.values()]
# The page shows what their docstrings say, which are no part of the code of a run.
CLASSES = {about.algorithm_class for about in STUDY.algorithms.values()} - {""}
MODULES = source_files(*(name.partition(":")[0] for name in sorted(CLASSES)))


report: str(CAPTIONS / "workflow.rst")


rule collect:
    input:
        study=study_file(),
        runs=[f"{folder_of(key)}/run.json" for key in RUNS],
        predictions=[f"{folder_of(key)}/predictions.npy" for key in RUNS],
        labels=test_labels,
        algorithms=ALGORITHM_FILES,
    output:
        scores=f"{REPORT}/scores.csv.gz",
        steps=f"{REPORT}/steps.csv",
        curves=f"{REPORT}/curves.csv.gz",
        runs=f"{REPORT}/runs.csv",
    log:
        f"logs/{STUDY.name}/collect.log",
    benchmark:
        f"logs/{STUDY.name}/collect.jsonl"
    localrule: True
    params:
        code=source_digest("metabench.report.collect"),
        config=lambda wildcards: CONFIG,
    shell:
        "logged {log:q} python -m metabench collect --study {input.study:q} --results results"
        f" --out {REPORT} --config {{params.config:q}}"


rule tables:
    input:
        *rules.collect.output,
        study=study_file(),
        published=PUBLISHED,
        reasons=REASONS,
    output:
        [shown(f"{REPORT}/tables/{name}.csv", "table") for name in TABLE_NAMES],
        [
            f"{REPORT}/tables/{name}.{end}"
            for name in TABLE_NAMES
            for end in TABLE_FORMATS
            if end != "csv"
        ],
    log:
        f"logs/{STUDY.name}/tables.log",
    benchmark:
        f"logs/{STUDY.name}/tables.jsonl"
    localrule: True
    params:
        code=source_digest("metabench.report.tables.write"),
        config=lambda wildcards: CONFIG,
    shell:
        f"logged {{log:q}} python -m metabench tables --study {{input.study:q}} --report {REPORT}"
        " --config {params.config:q}"


rule figures:
    input:
        *rules.collect.output,
        study=study_file(),
        published=PUBLISHED,
    output:
        [shown(f"{REPORT}/figures/{name}.svg", "figure") for name in FIGURES],
        [
            f"{REPORT}/figures/{name}.{end}"
            for name in FIGURES
            for end in FIGURE_FORMATS
            if end != "svg"
        ],
        f"{REPORT}/figures/{FACTS}",
    log:
        f"logs/{STUDY.name}/figures.log",
    benchmark:
        f"logs/{STUDY.name}/figures.jsonl"
    localrule: True
    params:
        code=source_digest("metabench.report.figures.write"),
        config=lambda wildcards: CONFIG,
    shell:
        f"logged {{log:q}} python -m metabench figures --study {{input.study:q}} --report {REPORT}"
        " --results results --config {params.config:q}"


rule page:
    input:
        rules.tables.output,
        rules.figures.output,
        study=study_file(),
        published=PUBLISHED,
        reasons=REASONS,
        algorithms=ALGORITHM_FILES,
        modules=sorted(str(file) for file in MODULES.values()),
        looks=[str(file) for file in sorted(PAGE.glob("*.*")) if file.suffix != ".py"],
    output:
        shown(f"{REPORT}/index.html", "page"),
    log:
        f"logs/{STUDY.name}/page.log",
    benchmark:
        f"logs/{STUDY.name}/page.jsonl"
    localrule: True
    params:
        code=source_digest("metabench.report.page.write"),
        config=lambda wildcards: CONFIG,
    shell:
        f"logged {{log:q}} python -m metabench page --study {{input.study:q}} --report {REPORT}"
        " --config {params.config:q}"


# `snakemake --cores 1 partial`: what has finished so far. Runs are no input of it, so that it starts
# none; and it has no output, so that it is done whenever it is asked for.
rule partial:
    input:
        study=study_file(),
    log:
        f"logs/{STUDY.name}/partial.log",
    localrule: True
    params:
        config=lambda wildcards: CONFIG,
    shell:
        "python -m metabench partial {input.study:q} --config {params.config:q} 2>&1 | tee {log:q}"


onerror:
    print(
        "What does not depend on what failed was run. To see what there is: "
        f"metabench partial {study_file()}",
        file=sys.stderr,
    )
