"""Altered images: by their keys alone, and as much as the protocols say."""

from __future__ import annotations

import colorsys

import pytest
import torch
from PIL import Image, ImageEnhance

from metabench import random
from metabench.datasets.store import load_split
from metabench.episodes import augmentation
from metabench.episodes.augmentation import augment, augmented_task, coloured, warped
from metabench.episodes.sampling import ImageSource
from metabench.tasks import Batch, Task

HOW = ["affine", "crop+flip", "crop+flip+colour"]


def keys(*shape: int) -> torch.Tensor:
    count = int(torch.tensor(shape).prod())
    return random.fold_range(random.key(0, "test"), count).reshape(shape)


def images(*shape: int) -> torch.Tensor:
    return random.uniform(keys(*shape[:-3]), 3 * 12 * 12).reshape(*shape[:-3], 3, 12, 12)


@pytest.mark.parametrize("how", HOW)
def test_what_becomes_of_an_image_depends_on_its_key_alone(how: str) -> None:
    x, k = images(4, 5, 3, 12, 12), keys(4, 5)
    together = augment(x, k, how)
    assert together.shape == x.shape
    torch.testing.assert_close(together[2, 3], augment(x[2, 3:4], k[2, 3:4], how)[0])
    assert torch.equal(together, augment(x, k, how))
    assert together.min() >= 0
    assert together.max() <= 1 + 1e-6


@pytest.mark.parametrize("how", HOW)
def test_equal_images_become_different_ones(how: str) -> None:
    x = images(1, 3, 12, 12).expand(50, -1, -1, -1)
    altered = augment(x, keys(50), how)
    assert len(torch.unique(altered.flatten(1), dim=0)) == 50


def test_none_changes_nothing() -> None:
    x = images(3, 3, 12, 12)
    assert augment(x, keys(3), "none") is x


def test_the_whole_image_is_a_crop_that_changes_nothing() -> None:
    x = images(2, 3, 12, 12)
    whole = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).expand(2, -1, -1)
    torch.testing.assert_close(warped(x, whole, "border"), x)
    mirrored = whole * torch.tensor([-1.0, 1.0, 1.0])
    torch.testing.assert_close(warped(x, mirrored, "border"), x.flip(-1))


def test_a_crop_is_the_part_of_the_image_that_it_says() -> None:
    """The right half's upper half, brought to full size: pixel pairs become interpolations."""
    x = images(1, 3, 12, 12)
    quarter = torch.tensor([[[0.5, 0.0, 0.5], [0.0, 0.5, -0.5]]])
    expected = torch.nn.functional.interpolate(x[..., :6, 6:], scale_factor=2, mode="bilinear")
    found = warped(x, quarter, "border")
    # The crop's inner edges see what lies beyond them; all else is the same.
    torch.testing.assert_close(found[..., :-1, 1:], expected[..., :-1, 1:])


def test_crops_lie_within_the_image_and_have_the_published_sizes() -> None:
    theta = augmentation.crop_and_flip(keys(4000), 1.0, torch.float64)
    width, height = theta[:, 0, 0].abs(), theta[:, 1, 1]
    assert (width + theta[:, 0, 2].abs() <= 1 + 1e-6).all()
    assert (height + theta[:, 1, 2].abs() <= 1 + 1e-6).all()
    area, aspect = width * height, width / height
    assert 0.08 - 1e-6 <= area.min() < 0.1
    assert 0.97 < area.max() <= 1 + 1e-6
    assert 3 / 4 - 1e-6 <= aspect.min() < 0.76
    assert 1.32 < aspect.max() <= 4 / 3 + 1e-6
    assert abs((theta[:, 0, 0] < 0).double().mean() - 0.5) < 5 * 0.5 / 4000**0.5


def test_colours_change_as_the_released_code_changes_them() -> None:
    """Brightness, contrast, saturation: Pillow's enhancers with the same factors."""
    x = (images(6, 3, 12, 12) * 255).round() / 255
    k = keys(6)
    factors = 0.6 + 0.8 * random.uniform(random.fold(k, 2), 3)
    found = coloured(x, k)
    for i in range(6):
        picture = Image.fromarray((x[i] * 255).round().byte().permute(1, 2, 0).numpy())
        for enhancer, factor in zip(
            (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color),
            factors[i].tolist(),
            strict=True,
        ):
            picture = enhancer(picture).enhance(factor)
        expected = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
        expected = expected.reshape(12, 12, 3).permute(2, 0, 1) / 255
        assert (found[i] - expected).abs().max() < 5 / 255  # Pillow rounds after every step


def test_saturation_leaves_the_hue() -> None:
    x = torch.tensor([0.5, 0.4, 0.3])[:, None, None].expand(1, 3, 4, 4)
    before = colorsys.rgb_to_hsv(0.5, 0.4, 0.3)[0]
    for k in keys(20):
        found = coloured(x, k[None])[0, :, 0, 0].tolist()
        assert colorsys.rgb_to_hsv(*found)[0] == pytest.approx(before, abs=1e-4)


def test_a_character_stays_in_the_image() -> None:
    x = torch.zeros(200, 1, 28, 28)
    x[..., 8:20, 8:20] = 1
    altered = augment(x, keys(200), "affine")
    ink = altered.sum((1, 2, 3)) / 144
    assert ((ink > 0.6) & (ink < 1.6)).all()
    assert altered[..., 0, :].max() == altered[..., :, -1].max() == 0


def test_support_and_queries_of_a_task_are_altered_differently() -> None:
    x = images(1, 1, 3, 12, 12).expand(2, 4, -1, -1, -1)
    batch = Batch(x, torch.zeros(2, 4), keys(2))
    task = augmented_task(Task(batch, batch), "crop+flip")
    assert not torch.equal(task.support.x, task.query.x)
    assert torch.equal(task.support.key, batch.key)


@pytest.mark.parametrize("how", HOW)
def test_a_task_without_queries_is_altered_too(blobs, how: str) -> None:
    """As Reptile's are, and those of all that draw their own queries from the support set."""
    source = ImageSource(load_split(blobs / "data/blobs/train"))
    plain = source.episodes(keys(3), 3, 2, 0)
    altered = source.augmented(how).episodes(keys(3), 3, 2, 0)
    assert not torch.equal(plain.support.x, altered.support.x)
    assert altered.query.x.shape == plain.query.x.shape
    assert len(altered.query.y[0]) == 0


def test_a_source_alters_its_draws_and_not_what_is_drawn(blobs) -> None:
    source = ImageSource(load_split(blobs / "data/blobs/train"))
    plain = source.episodes(keys(3), 3, 2, 1)
    altered = source.augmented("affine").episodes(keys(3), 3, 2, 1)
    assert torch.equal(plain.query.y, altered.query.y)
    assert not torch.equal(plain.support.x, altered.support.x)
    k = keys(3)
    expected = augment(
        plain.support.x, random.fold(random.fold(k, 2000)[:, None], torch.arange(6)), "affine"
    )
    torch.testing.assert_close(altered.support.x, expected)
    alone = source.augmented("affine").examples(k)
    assert not torch.equal(alone.x, source.examples(k).x)
    assert torch.equal(alone.y, source.examples(k).y)
    assert torch.equal(source.episodes(keys(3), 3, 2, 1).support.x, plain.support.x)
