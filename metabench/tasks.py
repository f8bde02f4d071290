"""What one task is: plain tuples of tensors, the same for images and for functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch


class Batch(NamedTuple):
    """Labelled examples of one task.

    Attributes:
        x: inputs [n, ...], float32.
        y: class indices int64 [n], or values float32 [n, 1].
        key: int64 [], the task's own: whatever an algorithm draws on it comes from here.
    """

    x: torch.Tensor
    y: torch.Tensor
    key: torch.Tensor


class Task(NamedTuple):
    """One episode. With a leading axis on every tensor it is a meta-batch of tasks."""

    support: Batch
    query: Batch


@dataclass(frozen=True)
class Problem:
    """What an algorithm is told of the setting before it sees any data."""

    task: str  # "classification" or "regression"
    way: int  # classes of an episode; 1 for regression
    shot: int  # support examples of each class
    input_shape: tuple[int, ...]  # (channels, height, width) or (features,)
    train_classes: int  # classes of the training split; 0 for regression


class Source(Protocol):
    """Where the tasks of meta-training come from."""

    input_shape: tuple[int, ...]
    train_classes: int

    def episodes(self, keys: torch.Tensor, way: int, shot: int, query: int) -> Task:
        """A task for each of the keys [tasks]; ``query`` is per class."""

    def examples(self, keys: torch.Tensor) -> Batch:
        """An example for each of the keys [n], labelled with its class in the whole split."""

    def augmented(self, how: str) -> Source:
        """The same tasks, their inputs altered at random: a value of the hyperparameter."""
