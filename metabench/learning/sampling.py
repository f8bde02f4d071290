"""Drawing episodes from a split of images, on whatever device the images lie."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from metabench.datasets.store import Split
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
        self.labels = torch.as_tensor(split.labels, device=device).long()
        self.name = f"{split.meta['dataset']}/{split.meta['split']}"
        self.input_shape = tuple(self.images.shape[1:])
        self.train_classes = len(split.classes)
        counts = np.bincount(split.labels, minlength=len(split.classes))
        self.drawings = torch.as_tensor(counts, device=device)  # [classes]
        self.first = self.drawings.cumsum(0) - self.drawings  # images are sorted by class
        groups = list(split.groups().values()) if within_group else [range(len(split.classes))]
        member = np.zeros((len(groups), len(split.classes)), dtype=bool)
        for row, classes in enumerate(groups):
            member[row, list(classes)] = True
        self.member = torch.as_tensor(member, device=device)  # [groups, classes]

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
        large = self.member[self.member.sum(-1) >= way]
        enough = self.drawings >= shot + query
        if not len(large) or not bool((large & enough).sum(-1).min() >= way):
            raise MetabenchError(
                f"{self.name}: cannot serve {way}-way episodes with {shot} support and {query} "
                f"query images of each class: its largest group has "
                f"{int(self.member.sum(-1).max())} classes, its smallest class "
                f"{int(self.drawings.min())} images"
            )
        group = choose(fold(keys, 0), 1, len(large))[:, 0]
        classes = choose(fold(keys, 1), way, large.shape[1], large[group] & enough)
        most = int(self.drawings.max())
        there = torch.arange(most, device=keys.device) < self.drawings[classes][..., None]
        per_class = fold(fold(keys, 2)[:, None], classes)
        drawn = self.first[classes][..., None] + choose(per_class, shot + query, most, there)
        support, queries = drawn[..., :shot], drawn[..., shot:].flatten(1)
        labels = torch.arange(way, device=keys.device).repeat_interleave(query)
        order = permutation(fold(keys, 3), way * query)
        return support, queries.gather(1, order), labels[order]

    def episodes(self, keys: torch.Tensor, way: int, shot: int, query: int) -> Task:
        """The tasks that ``draw`` describes."""
        support, queries, labels = self.draw(keys, way, shot, query)
        return image_task(self.images, support, queries, labels, keys)

    def examples(self, keys: torch.Tensor) -> Batch:
        """An image for each key, every image equally likely, with its class in the split."""
        drawn = choose_one(keys, len(self.images))
        return Batch(pixels(self.images, drawn), self.labels[drawn], keys)


def choose_one(keys: torch.Tensor, among: int) -> torch.Tensor:
    """A number below ``among`` for each key [n]; the bias, among / 2^63, is beyond notice."""
    return (fold(keys, 0) & ((1 << 63) - 1)) % among


def load_images(images: NDArray[np.uint8], device: torch.device | str) -> torch.Tensor:
    """uint8 [n, H, W, C] from disk as uint8 [n, C, H, W] on the device."""
    return torch.as_tensor(np.array(images), device=device).permute(0, 3, 1, 2).contiguous()


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
