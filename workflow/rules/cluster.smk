# Before the first job of a run on a cluster: what would only be noticed late, or never.

import shutil
import sys

from metabench.doctor.cluster import keeps_accounts
from metabench.errors import MetabenchError


def check_slurm(status_command: str) -> None:
    """Jobs can be handed over to Slurm, and can be seen to end."""
    if not shutil.which("sbatch"):
        raise MetabenchError(
            "executor slurm: there is no 'sbatch' here; start it on a login node of a cluster, "
            "or without one: snakemake --cores all"
        )
    if status_command == "sacct" and not keeps_accounts():
        raise MetabenchError(
            "executor slurm: this cluster keeps no accounts, so 'sacct' cannot say how jobs end; "
            "add --slurm-status-command squeue"
        )


onstart:
    if workflow.executor_plugin.name == "slurm":
        try:
            check_slurm(workflow.executor_settings.status_command)
        except MetabenchError as error:
            sys.exit(f"metabench: error: {error}")
