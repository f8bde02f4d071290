"""The fixed episodes that every algorithm is validated and tested on, as files with a digest."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from metabench import random
from metabench.datasets.store import load_split, read_meta
from metabench.episodes.sampling import ImageSource, Normal, image_task
from metabench.errors import MetabenchError
from metabench.files.described import read_described, write_described
from metabench.files.whole import content_digest, read_array, write_array
from metabench.spec import DataSpec
from metabench.tasks import Batch, Source, Task

LABELS = "query_labels"  # the file that only scoring reads
CLUSTER = "episodes/cluster.npy"  # in the folder of a split, if some of its episodes are alike


def open_source(data: DataSpec, images: Path | None, device: torch.device | str) -> Source:
    """The tasks of a split: of its images, or of the functions that its module samples."""
    if data.task == "regression":
        source: Source = importlib.import_module(data.module).source(data.options, device)
        return source
    if images is None:
        raise MetabenchError(f"{data.name}: its images are needed (--images)")
    return ImageSource(load_split(images), device, data.within_group)


def write_episodes(
    data: DataSpec,
    split: str,
    way: int,
    shot: int,
    count: int,
    queries: int,
    seed: int,
    images: Path | None,
    out: Path,
) -> None:
    """Draw episodes once and for all, and write them to ``out``.

    A data set that comes with its own episodes, in ``<split>/episodes``, keeps them. It may say
    there, in ``cluster.npy``, int32 [episodes], which of them belong together.

    Args:
        data: the data set.
        split: "val" or "test".
        way: classes of an episode; 1 for regression.
        shot: support examples of each class.
        count: the number of episodes.
        queries: queries of each class (of each task for regression).
        seed: of the draw.
        images: the folder of the split; None for regression.
        out: the folder to write.

    Raises:
        MetabenchError: if the split cannot serve the setting.
    """
    keys = random.fold_range(random.key(seed, f"episodes/{data.name}/{split}/{way}w{shot}s"), count)
    source = open_source(data, images, "cpu")
    if images is not None and (images / "episodes").is_dir():
        arrays = _given(images, way, shot)
    elif isinstance(source, ImageSource):
        drawn = source.draw(keys, way, shot, queries)
        names = ("support", "query", LABELS)
        arrays = {
            name: tensor.numpy().astype(np.int32) for name, tensor in zip(names, drawn, strict=True)
        }
    else:
        task = source.episodes(keys, way, shot, queries)
        arrays = {
            "support_x": task.support.x.numpy(),
            "support_y": task.support.y.numpy(),
            "query_x": task.query.x.numpy(),
            LABELS: task.query.y.numpy(),
            "tasks": source.tasks(keys).numpy() if hasattr(source, "tasks") else np.zeros(0),
        }
    about = read_meta(images) if images is not None else {"sha256": ""}
    data_digest = about["sha256"]
    parts = [part for name in sorted(arrays) for part in (name, arrays[name])]
    for name, array in arrays.items():
        write_array(out / f"{name}.npy", array)
    write_described(
        out / "episodes.json",
        {
            "dataset": data.name,
            "split": split,
            "task": data.task,
            "way": way,
            "shot": shot,
            "queries": arrays[LABELS].shape[1],
            "episodes": len(arrays[LABELS]),
            **_clusters(images, len(arrays[LABELS])),
            "seed": seed,
            "sha256": content_digest(data_digest, *parts),
            "data_sha256": data_digest,
            **_about_images(about),
        },
        [f"{name}.npy" for name in arrays],
    )


def _about_images(meta: dict[str, Any]) -> dict[str, Any]:
    """How the images are shown to a network, and, of a subset, how many there are."""
    said = {key: meta[key] for key in ("normalise",) if key in meta}
    if "subset_of" in meta:
        said["subset"] = {key: meta[key] for key in ("classes", "images")}
    return said


def _given(split: Path, way: int, shot: int) -> dict[str, NDArray[Any]]:
    """The episodes that lie in the folder of a split."""
    folder = split / "episodes"
    files = {name: f"episodes/{name}.npy" for name in ("support", "query", LABELS)}
    read_meta(split, *files.values())
    arrays = {name: read_array(split / file).astype(np.int32) for name, file in files.items()}
    given = arrays["support"].shape[1:]
    if given != (way, shot):
        raise MetabenchError(
            f"{folder}: this data set comes with {given[0]}-way {given[1]}-shot episodes; "
            f"{way}-way {shot}-shot cannot be drawn from it: write {given[0]}w{given[1]}s"
        )
    return arrays


def _clusters(split: Path | None, episodes: int) -> dict[str, list[int]]:
    """Which of the episodes that lie in the folder of a split belong together, where that is said.

    It is how they are counted and no part of what they are, so their digest is without it.
    """
    if split is None or not (split / CLUSTER).is_file():
        return {}
    read_meta(split, CLUSTER)
    clusters = read_array(split / CLUSTER)
    if clusters.shape != (episodes,):
        raise MetabenchError(
            f"{split / CLUSTER}: shape {clusters.shape}; one number for each episode, "
            f"{(episodes,)}, is right"
        )
    return {"clusters": clusters.tolist()}


@dataclass(frozen=True)
class EpisodeSet:
    """Fixed episodes on a device, ready to be cut into meta-batches."""

    meta: dict[str, Any]
    arrays: dict[str, torch.Tensor]
    images: torch.Tensor | None  # uint8 [n, C, H, W]

    def __len__(self) -> int:
        return int(self.meta["episodes"])

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one input: (channels, height, width) or (features,)."""
        if self.images is not None:
            return tuple(self.images.shape[1:])
        return tuple(self.arrays["query_x"].shape[2:])

    @property
    def labels(self) -> torch.Tensor:
        """Of the queries of all episodes, which it was opened with: [episodes, queries, ...]."""
        return self.arrays[LABELS]

    def tasks(self, start: int, stop: int) -> Task:
        """Episodes ``start`` to ``stop`` as one meta-batch.

        Query labels are those of the file where it was opened with labels, and otherwise 0: what
        predicts for a score never sees them.
        """
        part = {name: tensor[start:stop] for name, tensor in self.arrays.items()}
        # An episode's key depends on its number alone, so results do not depend on the cut.
        device = next(iter(part.values())).device
        root = random.key(0, self.meta["sha256"], device)
        keys = random.fold_range(root, len(self))[start:stop]
        if self.images is not None:
            labels = part.get(LABELS, torch.zeros_like(part["query"]))
            task = image_task(self.images, part["support"], part["query"], labels, keys)
            return Normal(self.meta.get("normalise"), device).task(task)
        values = part.get(LABELS, torch.zeros_like(part["query_x"]))
        return Task(
            Batch(part["support_x"], part["support_y"], keys),
            Batch(part["query_x"], values, keys),
        )


def load_episodes(
    folder: Path, images: torch.Tensor | None, device: torch.device | str, *, labels: bool
) -> EpisodeSet:
    """The episodes in ``folder``; with their query labels only where ``labels`` asks for them.

    Raises:
        MetabenchError: naming the file that is missing or altered.
    """
    names = ["support", "query"] if images is not None else ["support_x", "support_y", "query_x"]
    if labels:
        names.append(LABELS)
    meta = read_described(folder / "episodes.json", *(f"{name}.npy" for name in names))
    arrays = {
        name: torch.as_tensor(read_array(folder / f"{name}.npy"), device=device) for name in names
    }
    arrays = {n: a.long() if a.dtype == torch.int32 else a for n, a in arrays.items()}
    return EpisodeSet(meta, arrays, images)
