"""A sheet of test episodes, as a learner meets them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from metabench.files.described import read_described
from metabench.files.whole import read_array
from metabench.report import formats
from metabench.report.figures import look
from metabench.report.figures.found import Found
from metabench.report.scoring import Array

MOST_QUERIES = 10  # drawn of each class
MOST_SHOTS = 5
DRAWING = 0.27  # inches
GAP = 2  # pixels between drawings


def draw(found: Found, dataset: str) -> look.Drawing:
    """The first test episodes of the data set's first setting: a class a row."""
    results = found.results
    way, shot = next((w, s) for name, w, s, _ in found.report.cells() if name == dataset)
    folder = results / "episodes" / dataset / f"test-{way}w{shot}s"
    split = results / "data" / dataset / "test"
    read_described(split / "meta.json", "images.npy")
    read_described(folder / "episodes.json", "support.npy", "query.npy", "query_labels.npy")
    images = read_array(split / "images.npy", mapped=True)
    support, query = read_array(folder / "support.npy"), read_array(folder / "query.npy")
    labels = read_array(folder / "query_labels.npy")
    each = min(MOST_QUERIES, int(np.bincount(labels[0], minlength=way).max()))
    wide = min(shot, MOST_SHOTS) + 1 + each
    columns = max(1, int(look.WIDTH // (DRAWING * wide + 0.25)))
    rows = 1 if way > 6 else 2
    few = min(len(support), columns * rows)
    figure, axes = look.panels(rows, columns, DRAWING * way + 0.6)
    for episode, axis in enumerate(axes):
        if episode >= few:
            axis.set_axis_off()
            continue
        _episode(axis, images, support[episode], query[episode], labels[episode], each)
        axis.set_title(f"episode {episode}", fontsize=9, pad=16)
    setting = formats.setting(way, shot, "classification")
    facts = {"setting": setting, "shown": few, "all_episodes": len(support), "queries": each}
    return figure, {"dataset": dataset, **facts}


def _episode(
    axis: Axes, images: Array, support: Array, query: Array, labels: Array, each: int
) -> None:
    way, shot = support.shape
    shots = min(shot, MOST_SHOTS)
    blank = np.zeros(images.shape[1:], np.uint8)
    left, right = [], []
    for row in range(way):
        left.append([images[i] for i in support[row, :shots]])
        mine = [images[i] for i in query[labels == row][:each]]
        right.append(mine + [blank] * (each - len(mine)))
    size = images.shape[1] + GAP
    sheet = np.concatenate([_mosaic(left), _mosaic([[blank]] * way), _mosaic(right)], axis=1)
    shown = 255 - sheet[..., 0] if sheet.shape[-1] == 1 else sheet
    axis.imshow(shown, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.axvline((shots + 0.5) * size, color=look.PALE, linewidth=0.8)
    for middle, word in ((shots / 2, "support"), (shots + 1 + each / 2, "queries")):
        axis.text(middle * size, -4, word, ha="center", va="bottom", fontsize=8, color=look.PALE)
    axis.set_axis_off()


def _mosaic(rows: list[list[Array]]) -> Array:
    """Images in a grid, each with its gap below and to the right: [rows, columns, H, W, C]."""
    cells = np.pad(
        np.stack([np.stack(row) for row in rows]), [(0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0)]
    )
    count, columns, height, width, channels = cells.shape
    return cells.transpose(0, 2, 1, 3, 4).reshape(count * height, columns * width, channels)
