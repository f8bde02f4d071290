"""A label names an algorithm a second time in one study: ``maml--resnet12`` is MAML's file too.

What is known of the algorithm is known of it under every label: its class, published values and
results, and rule. Only what a study says, and what comes out, is of the labelled name alone.
"""

from __future__ import annotations

MARK = "--"  # which no algorithm's own name has


def labelled(name: str, label: str) -> str:
    """``maml--resnet12`` of ``maml`` and ``resnet12``."""
    return f"{name}{MARK}{label}"


def split(name: str) -> tuple[str, str]:
    """The algorithm's own name, and the label; nothing for the latter where there is none."""
    own, _, label = name.partition(MARK)
    return own, label


def own_name(name: str) -> str:
    """The algorithm's own name, whatever label it is under here."""
    return split(name)[0]
