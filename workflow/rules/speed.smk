# `snakemake --cores all speed`: how fast metabench is here. Part of no study; see docs/speed.md.

from metabench.speed.names import (
    FIGURE,
    FIGURE_FORMATS as SPEED_FIGURE_FORMATS,
    PARTS,
    TABLE_FORMATS as SPEED_TABLE_FORMATS,
    TABLES,
)


rule measure_speed:
    output:
        "results/speed/{part}.json",
    log:
        "logs/speed/{part}.log",
    wildcard_constraints:
        part=any_of(PARTS),
    # Nothing else may run beside it. A function: on a cluster nobody says how many there are.
    threads: lambda wildcards: workflow.cores
    params:
        snakefile=f"{workflow.basedir}/Snakefile",
    shell:
        "export OMP_NUM_THREADS={threads};"
        " logged {log:q} python -m metabench speed {wildcards.part} --out {output:q}"
        " --snakefile {params.snakefile:q}"


rule speed:
    input:
        expand(rules.measure_speed.output, part=PARTS),
    output:
        expand("reports/speed/{name}.{end}", name=TABLES, end=SPEED_TABLE_FORMATS),
        expand("reports/speed/{name}.{end}", name=FIGURE, end=SPEED_FIGURE_FORMATS),
    log:
        "logs/speed/report.log",
    localrule: True
    shell:
        "logged {log:q} python -m metabench speed-report {input:q} --out reports/speed"
