"""Drawing episodes from a split of images, on whatever device the images lie."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from metabench.datasets.store import Split
from metabench.episodes.augmentation import augmented_batch, augmented_task
from metabench.errors import MetabenchError
from metabench.random import choose, fold, permutation
from metabench.tasks import Batch, Task


class ImageSource:
    """All images of a split as one uint8 tensor, and the index draws that make tasks of it."""

    def __init__(
        self, split: Split, device: torch.device | str = "cpu", within_group: bool = False
    ) -> None:
        """``within_group``: all classes of an episode come from one group (one alphabet)."""
        self.images = load_images(split.images, device)  # [n, C, H, W]
        self.normal = Normal(split.meta.get("normalise"), device)
        self.augment = "none"
        self.labels = torch.as_tensor(split.labels, device=device).long()
        self.name = f"{split.meta['dataset']}/{split.meta['split']}"
        self.input_shape = tuple(self.images.shape[1:])
        self.train_classes = len(split.classes)
        counts = np.bincount(split.labels, minlength=len(split.classes))
        self.most = int(counts.max())
        self.drawings = torch.as_tensor(counts, device=device)  # [classes]
        self.first = self.drawings.cumsum(0) - self.drawings  # images are sorted by class
        groups = list(split.groups().values()) if within_group else [range(len(split.classes))]
        member = np.zeros((len(groups), len(split.classes)), dtype=bool)
        for row, classes in enumerate(groups):
            member[row, list(classes)] = True
        self.member, self.counts = member, counts
        # What the draws of a setting choose from; asking the device each time would wait for it.
        self.groups: dict[tuple[int, int], torch.Tensor] = {}

    def augmented(self, how: str) -> ImageSource:
        """The same images, but altered at random when they are drawn."""
        other = copy.copy(self)
        other.augment = how
        return other

    def draw(
        self, keys: torch.Tensor, way: int, shot: int, query: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Episodes as indices of images.

        Classes come in random order, so that the label of a class says nothing; drawings are
        drawn without replacement, so support and query are disjoint; queries are shuffled.

        Args:
            keys: [episodes].
            way: classes of an episode.
            shot: support images of each class.
            query: query images of each class.

        Returns:
            support [episodes, way, shot], query and query_labels [episodes, way * query].

        Raises:
            MetabenchError: if the split cannot serve the setting.
        """
        choice = self.choice(way, shot + query)
        group = choose(fold(keys, 0), 1, len(choice))[:, 0]
        classes = choose(fold(keys, 1), way, choice.shape[1], choice[group])
        there = torch.arange(self.most, device=keys.device) < self.drawings[classes][..., None]
        per_class = fold(fold(keys, 2)[:, None], classes)
        drawn = self.first[classes][..., None] + choose(per_class, shot + query, self.most, there)
        support, queries = drawn[..., :shot], drawn[..., shot:].flatten(1)
        labels = torch.arange(way, device=keys.device).repeat_interleave(query)
        order = permutation(fold(keys, 3), way * query)
        return support, queries.gather(1, order), labels[order]

    def choice(self, way: int, images: int) -> torch.Tensor:
        """The classes of each group that can serve: bool [groups, classes]."""
        if (way, images) not in self.groups:
            large = self.member[self.member.sum(-1) >= way]
            serving = large & (self.counts >= images)
            if not len(large) or serving.sum(-1).min() < way:
                raise MetabenchError(
                    f"{self.name}: cannot serve {way}-way episodes with {images} images of each "
                    f"class, support and query together: its largest group has "
                    f"{self.member.sum(-1).max()} classes, its smallest class "
                    f"{self.counts.min()} images"
                )
            self.groups[way, images] = torch.as_tensor(serving, device=self.images.device)
        return self.groups[way, images]

    def episodes(self, keys: torch.Tensor, way: int, shot: int, query: int) -> Task:
        """The tasks that ``draw`` describes."""
        support, queries, labels = self.draw(keys, way, shot, query)
        task = image_task(self.images, support, queries, labels, keys)
        return self.normal.task(augmented_task(task, self.augment))

    def examples(self, keys: torch.Tensor) -> Batch:
        """An image for each key, every image equally likely, with its class in the split."""
        drawn = choose_one(keys, len(self.images))
        batch = Batch(pixels(self.images, drawn), self.labels[drawn], keys)
        return self.normal.batch(augmented_batch(batch, self.augment, 0))


class Normal:
    """The mean and deviation by which a data set's pixels are normalised, if by any."""

    def __init__(self, said: dict[str, Any] | None, device: torch.device | str) -> None:
        """``said``: what a split's ``meta.json`` says, ``mean`` and ``std`` of each channel."""
        self.values = said and [
            torch.tensor(said[name], device=device)[:, None, None] for name in ("mean", "std")
        ]

    def batch(self, batch: Batch) -> Batch:
        """``batch`` with (x - mean) / std for its images x [..., C, H, W] in [0, 1]."""
        if not self.values:
            return batch
        mean, std = self.values
        return batch._replace(x=(batch.x - mean) / std)

    def task(self, task: Task) -> Task:
        """The same for support and queries."""
        return Task(self.batch(task.support), self.batch(task.query))


def choose_one(keys: torch.Tensor, among: int) -> torch.Tensor:
    """A number below ``among`` for each key [n]; the bias, among / 2^63, is beyond notice."""
    return (fold(keys, 0) & ((1 << 63) - 1)) % among


AT_ONCE = 1 << 24  # bytes on their way to the device


def load_images(images: NDArray[np.uint8], device: torch.device | str) -> torch.Tensor:
    """uint8 [n, H, W, C] from disk as uint8 [n, C, H, W] on the device.

    A part at a time: of a split of 0.8 GB there is one copy, and it is where it is wanted.
    """
    count, height, width, channels = images.shape
    loaded = torch.empty((count, channels, height, width), dtype=torch.uint8, device=device)
    size = max(1, AT_ONCE // max(1, height * width * channels))
    for start in range(0, count, size):
        part = torch.from_numpy(np.array(images[start : start + size]))
        loaded[start : start + size] = part.to(device).permute(0, 3, 1, 2)
    return loaded


def pixels(images: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """The chosen images as float32 in [0, 1]: shape [*chosen.shape, C, H, W]."""
    return images[chosen].to(torch.float32) / 255


def image_task(
    images: torch.Tensor,
    support: torch.Tensor,
    query: torch.Tensor,
    query_labels: torch.Tensor,
    keys: torch.Tensor,
) -> Task:
    """A meta-batch from indices: support [tasks, way, shot], query [tasks, queries]."""
    tasks, way, shot = support.shape
    y = torch.arange(way, device=images.device).repeat_interleave(shot).expand(tasks, -1)
    return Task(
        Batch(pixels(images, support.flatten(1)), y, keys),
        Batch(pixels(images, query), query_labels.long(), keys),
    )
