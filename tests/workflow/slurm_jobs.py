"""The jobs that a Slurm has had, as it tells them."""

from __future__ import annotations

from dataclasses import dataclass

from one_node_slurm import slurm


@dataclass(frozen=True)
class Job:
    """A job; its rule with the last wildcard, such as `train_maml 0`."""

    number: str
    rule: str
    state: str
    partition: str
    time: str
    memory: str
    gpus: str
    restarts: str


def jobs() -> list[Job]:
    """All jobs that Slurm has had, in their order."""
    names = ["JobID", "Comment", "State", "Partition", "TimeLimit", "MinMemory"]
    wanted = ",".join(f"{name}:99|" for name in [*names, "tres-per-job", "RestartCnt"])
    told = slurm("squeue", "--states=all", "--sort=i", "--noheader", "-O", wanted)
    found = []
    for line in told.splitlines():
        number, comment, *rest = (word.strip() for word in line.split("|")[:8])
        # rule_train_maml_wildcards_sinusoid_smoke_1_5_maml_0
        rule, _, wildcards = comment.removeprefix("rule_").partition("_wildcards_")
        found.append(Job(number, f"{rule} {wildcards.rpartition('_')[2]}", *rest))
    return found
