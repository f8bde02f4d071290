# metabench: from nothing to tables and figures.
#
#     snakemake --cores all                                            the default study
#     snakemake --cores all --configfile config/<study>.yaml           another
#     snakemake --cores all tables --configfile config/<study>.yaml    only its tables; or figures
#
# The study is read in workflow/rules/common.smk, which says why there is no `configfile:` here.
# An algorithm is a file in workflow/rules/algorithms; see docs/adding-an-algorithm.md.

from pathlib import Path

from snakemake.utils import min_version

min_version("9.20")


# Only for `--software-deployment-method apptainer`; docs/cluster.md says how this file is built.
container: "metabench.sif"


include: "workflow/rules/common.smk"
include: "workflow/rules/cluster.smk"
include: "workflow/rules/files.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/blind.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/speed.smk"
include: "workflow/rules/inner_steps.smk"


for algorithm_rule in sorted(
    Path(workflow.basedir).glob("workflow/rules/algorithms/*.smk")
):

    include: str(algorithm_rule)


rule all:
    default_target: True
    input:
        rules.page.output,
    localrule: True
