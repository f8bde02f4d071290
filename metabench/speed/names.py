"""The parts of the measurement, each a job and a file of its own, and the files of the report.

The workflow reads them, so this module imports nothing.
"""

PARTS = {
    "sinusoid": "meta-iterations on sinusoids, beside other libraries",
    "omniglot-5w1s": "the same on Omniglot, 5-way 1-shot",
    "omniglot-20w1s": "the same on Omniglot, 20-way 1-shot",
    "miniimagenet-5w1s": "the same on miniImageNet, 5-way 1-shot",
    "memory": "peak memory of MAML, each program in a process of its own",
    "data": "drawing tasks against computing with them, and meta-testing",
    "jobs": "what a job takes beside its meta-iterations",
    "workflow": "Snakemake on studies of thousands of runs",
}
TABLES = ("targets", "iterations", "memory", "jobs", "data")
TABLE_FORMATS = ("csv", "md")
FIGURE = "iterations"
FIGURE_FORMATS = ("svg", "png")
