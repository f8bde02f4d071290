# `snakemake --cores all inner_steps`: memory and time of a meta-iteration against the number of
# inner steps. Part of no study; see docs/speed.md.

from metabench.inner_steps.names import FILES as INNER_STEPS_FILES, STEPS, WAYS


rule measure_inner_steps:
    output:
        "results/inner_steps/{way}-{steps}.json",
    log:
        "logs/inner_steps/{way}-{steps}.log",
    wildcard_constraints:
        way=any_of(WAYS),
        steps=r"\d+",
    # Nothing else may run beside it, though it computes on one thread.
    threads: lambda wildcards: workflow.cores
    shell:
        "logged {log:q} python -m metabench inner-steps {wildcards.way} {wildcards.steps}"
        " --out {output:q}"


rule inner_steps:
    input:
        expand(rules.measure_inner_steps.output, way=WAYS, steps=STEPS),
    output:
        expand("reports/inner_steps/{name}", name=INNER_STEPS_FILES),
    log:
        "logs/inner_steps/report.log",
    localrule: True
    shell:
        "logged {log:q} python -m metabench inner-steps-report {input:q} --out reports/inner_steps"
