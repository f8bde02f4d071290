"""Training images altered at random, on the device and many at once.

A pure function of images and keys: what happens to an image depends on its key and on nothing
else, so an augmented run resumes like any other. Validation and test images are never altered.

`crop+flip` and `crop+flip+colour` are what the code released with Chen et al. (2019), "A closer
look at few-shot classification", arXiv:1904.04232, does to photographs: a crop of 8 % to 100 % of
the area with an aspect of 3/4 to 4/3, brought back to the full size; then, for `colour`,
brightness, contrast and saturation, each by a factor of 0.6 to 1.4, in this order; and a flip of
half of the images. Like there, a crop that would not fit is drawn again, ten times at most. Unlike
there, it is a crop of the image as it is stored, which is as small as it is given back, and its
edges need not lie between pixels.

`affine` is for drawings of characters, with ink on 0: turned, slanted, scaled and moved a little.
"""

from __future__ import annotations

import math

import torch

from metabench.random import fold, uniform
from metabench.tasks import Batch, Task

STREAM = 2000  # of a task's or an example's key
ATTEMPTS = 10  # at a crop that fits
AREA, ASPECT = (0.08, 1.0), (3 / 4, 4 / 3)  # of a crop
JITTER = 0.4  # of brightness, contrast and saturation
GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue look (ITU-R 601-2)
TURN = math.radians(10)  # of a character, at most, either way; likewise the next three
SLANT = 0.1
SCALE = 0.1
SHIFT = 0.05  # of the image's side: 1.4 pixels of 28


def augmented_task(task: Task, how: str) -> Task:
    """The tasks of a meta-batch, each image altered by its own key."""
    return Task(*(augmented_batch(batch, how, part) for part, batch in enumerate(task)))


def augmented_batch(batch: Batch, how: str, part: int) -> Batch:
    """The same for one part, x [tasks, n, C, H, W] with a key a task; or [n, C, H, W], a key each.

    ``part`` tells support (0) from queries (1), which have their task's key in common.
    """
    keys = fold(batch.key, STREAM + part)
    if batch.x.ndim == 5:
        keys = fold(keys[:, None], torch.arange(batch.x.shape[1], device=keys.device))
    return batch._replace(x=augment(batch.x, keys, how))


def augment(images: torch.Tensor, keys: torch.Tensor, how: str) -> torch.Tensor:
    """Images [..., C, H, W] in [0, 1], altered by their keys [...]."""
    if how == "none" or keys.numel() == 0:  # Reptile's tasks have no queries
        return images
    x, flat = images.flatten(0, -4), keys.flatten()
    if how == "affine":
        x = warped(x, affine(flat, x.dtype), "zeros")
    else:
        x = warped(x, crop_and_flip(flat, x.shape[-1] / x.shape[-2], x.dtype), "border")
        if how == "crop+flip+colour":
            x = coloured(x, flat)
    return x.reshape(images.shape)


def warped(x: torch.Tensor, theta: torch.Tensor, outside: str) -> torch.Tensor:
    """``x`` [n, C, H, W] where ``theta`` [n, 2, 3] says, from bilinear interpolation.

    theta takes a place of the result, from -1 to 1 across and down, to the place in the image.
    """
    grid = torch.nn.functional.affine_grid(theta, list(x.shape), align_corners=False)
    return torch.nn.functional.grid_sample(x, grid, padding_mode=outside, align_corners=False)


def crop_and_flip(keys: torch.Tensor, aspect: float, dtype: torch.dtype) -> torch.Tensor:
    """Where a random crop lies, mirrored as often as not: [n, 2, 3].

    ``aspect`` is the image's own, width by height.
    """
    u = uniform(fold(keys, 0), 2 * ATTEMPTS + 3).to(dtype)  # [n, ...]
    area = _between(u[:, :ATTEMPTS], *AREA)
    shape = _between(u[:, ATTEMPTS : 2 * ATTEMPTS], *map(math.log, ASPECT)).exp()
    # As shares of the image's own sides, of which the crop has the area's share.
    width, height = (area * shape / aspect).sqrt(), (area / shape * aspect).sqrt()
    fits = ((width <= 1) & (height <= 1)).to(torch.int64)
    chosen = fits.argmax(-1, keepdim=True)  # the first that fits
    any_fits = fits.any(-1)
    width = torch.where(any_fits, width.gather(-1, chosen)[:, 0], 1.0)
    height = torch.where(any_fits, height.gather(-1, chosen)[:, 0], 1.0)
    right, down, flip = u[:, -3], u[:, -2], u[:, -1]
    mirror = torch.where(flip < 0.5, -1.0, 1.0).to(dtype)
    zero = torch.zeros_like(width)
    across = torch.stack([mirror * width, zero, (1 - width) * (2 * right - 1)], -1)
    along = torch.stack([zero, height, (1 - height) * (2 * down - 1)], -1)
    return torch.stack([across, along], -2)


def affine(keys: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A small turn, slant, scale and shift: [n, 2, 3]."""
    u = (2 * uniform(fold(keys, 1), 6) - 1).to(dtype)
    turn, slant = TURN * u[:, 0], SLANT * u[:, 1]
    wide, tall = 1 + SCALE * u[:, 2], 1 + SCALE * u[:, 3]
    cosine, sine = turn.cos(), turn.sin()
    across = torch.stack([wide * cosine, wide * (slant * cosine - sine), 2 * SHIFT * u[:, 4]], -1)
    along = torch.stack([tall * sine, tall * (slant * sine + cosine), 2 * SHIFT * u[:, 5]], -1)
    return torch.stack([across, along], -2)


def coloured(x: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """``x`` [n, C, H, W] brighter or darker, with more or less contrast and saturation."""
    factors = _between(uniform(fold(keys, 2), 3), 1 - JITTER, 1 + JITTER).to(x.dtype)
    brightness, contrast, saturation = factors[:, :, None, None, None].unbind(1)
    x = _blend(torch.zeros_like(x), x, brightness)
    x = _blend(_grey(x).mean((-2, -1), keepdim=True), x, contrast)
    return _blend(_grey(x), x, saturation)


def _blend(a: torch.Tensor, b: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """From ``a`` to ``b``, and beyond it for a share above 1, as far as there is light."""
    return (a + share * (b - a)).clamp(0, 1)


def _grey(x: torch.Tensor) -> torch.Tensor:
    """How bright an image looks: [n, 1, H, W]; one of a single channel is its own."""
    if x.shape[1] != 3:
        return x.mean(1, keepdim=True)
    red, green, blue = (weight * x[:, i : i + 1] for i, weight in enumerate(GREY))
    return red + green + blue


def _between(u: torch.Tensor, low: float, high: float) -> torch.Tensor:
    return low + (high - low) * u
