# What all rules share: the study, read and checked before there is any job.
#
# The study is the file that `--configfile` names, or config/config.yaml, and nothing else. The
# directive `configfile:` would merge the one into the other, so that a study which says nothing
# of a key would silently get the default study's; so there is none, and `config` is not used.

import os
import re
import sys
from pathlib import Path

from metabench.cli.errors import in_one_line
from metabench.errors import MetabenchError
from metabench.label import own_name
from metabench.study.config import Study, load
from metabench.study.plan import check_places, describe
from metabench.study.rates import FILE, hours, read_rates

PROJECT = Path(workflow.basedir)
# As it is asked for: Snakemake tells its own rules of it only later.
DRY_RUN = re.compile(r"--dry-?run|-[a-zA-Z]*n[a-zA-Z]*")


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
    for path in (given[0], PROJECT):
        if set("{}") & set(str(path)):
            raise MetabenchError(
                f"{path}: Snakemake takes braces in a path for wildcards; rename it"
            )
    here = Path.cwd()
    return given[0].relative_to(here) if given[0].is_relative_to(here) else given[0]


def check_rules(study: Study) -> None:
    """Every algorithm that something must run for has a file of rules."""
    folder = PROJECT / "workflow" / "rules" / "algorithms"
    needed = [run.algorithm for run in study.models]
    needed += [run.algorithm for run in study.runs if not run.algorithm_class]
    for name in dict.fromkeys(needed):
        own = own_name(name)
        file = folder / f"{own}.smk"
        if not file.is_file():
            raise MetabenchError(
                f"{study.algorithms[name].file}: nothing trains '{own}'; write "
                f"workflow/rules/algorithms/{own}.smk (docs/adding-an-algorithm.md)"
            )
        _, _, constraints = file.read_text().partition("wildcard_constraints:")
        patterns = re.findall(r"\balgorithm\s*=\s*r?[\"'](.*?)[\"']", constraints)
        if patterns and not any(re.fullmatch(pattern, own) for pattern in patterns):
            raise MetabenchError(
                f"{file}: its rule is for the algorithm '{patterns[0]}'; write "
                f'algorithm="{own}" there, and {own} in the name of the rule'
            )


try:
    STUDY = load(study_file(), PROJECT / "config")
    check_rules(STUDY)
    # A node of a cluster may not see what it does not need.
    if workflow.is_main_process:
        check_places(STUDY)
    RATES = read_rates(PROJECT / "config" / FILE)
    if any(map(DRY_RUN.fullmatch, sys.argv[1:])):
        print(describe(STUDY, PROJECT / "config"), file=sys.stderr)
except (MetabenchError, OSError) as error:
    # Snakemake would put its own lines and a traceback around an exception.
    sys.exit(f"metabench: error: {in_one_line(error)}")

if STUDY.archives is not None:
    # In the environment and not a parameter of a rule: to move the archives must not make
    # Snakemake think that everything made from them is out of date.
    os.environ.update(METABENCH_DATA=str(STUDY.archives))

# `logged FILE COMMAND...`: all that a command says goes to the file, and the last of it to the
# terminal as well when it fails. A prefix takes the place of Snakemake's own, the strict mode.
shell.prefix(
    "set -euo pipefail;"
    ' logged() {{ "${{@:2}}" > "$1" 2>&1 || {{ tail -n 2 "$1" >&2; return 1; }}; }}; '
)


def training_minutes(model) -> int:
    """How long a cluster lets a meta-training run: a day, or twice what it is expected to take."""
    return max(1440, int(2 * 60 * (hours(model, RATES) or 0)))


def cpu_job(runtime, mem_mb: int = 4000) -> dict:
    """Resources of a job: minutes, or a function of wildcards that gives them, and 10^6 bytes.

    What a cluster stops for want of either is tried again, as often as `--retries` says, with
    twice as much, then with three times. Without a cluster they are no more than a note.
    """
    minutes = runtime if callable(runtime) else lambda wildcards: runtime
    return {
        "runtime": lambda wildcards, attempt: attempt * minutes(wildcards),
        "mem_mb": lambda wildcards, attempt: attempt * mem_mb,
    }


def gpu_job(runtime, mem_mb: int = 4000) -> dict:
    """The same of a job that uses a GPU where there is one.

    A rule derived with `use rule` that names one resource loses all others, so it writes
    ``resources: **gpu_job(runtime=600)``.
    """
    return {"gpu": 1, **cpu_job(runtime, mem_mb)}
