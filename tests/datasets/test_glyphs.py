from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from metabench.datasets import glyphs
from metabench.datasets.store import SPLITS, load_split, verify
from metabench.datasets.strokes import SAMPLES, paint, trace
from metabench.errors import MetabenchError

FEW = {
    "train_alphabets": 3,
    "val_alphabets": 1,
    "test_alphabets": 2,
    "characters": 5,
    "drawings": 4,
}


def test_the_sizes_known_beforehand_are_those_of_the_images(tmp_path: Path) -> None:
    glyphs.prepare(FEW, {}, tmp_path / "glyphs")
    for split in SPLITS:
        made, known = load_split(tmp_path / "glyphs" / split), glyphs.sizes(FEW)[split]
        assert made.images.shape == (known.classes * known.per_class, 28, 28, 1)
        assert len(made.classes) == known.classes
        assert max(map(len, made.groups().values())) == known.largest_group


def test_one_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, options in {"a": FEW, "b": FEW, "c": {**FEW, "seed": 1}}.items():
        glyphs.prepare(options, {}, tmp_path / name)
    a, b, c = (verify(tmp_path / name / "train") for name in "abc")
    assert a == b != c


def test_the_bytes_are_the_same_on_every_machine() -> None:
    images = glyphs.draw_alphabet((0, 2, 0), 3, 4, 1.0)
    found = hashlib.sha256(images.tobytes()).hexdigest()
    assert found == "dec8fae41972225efc5ee6cfd7dadc7f8f5695c8618a7d763e5b8b1ad9f8fd85"


def test_an_alphabet_does_not_depend_on_how_many_are_drawn() -> None:
    one, more = (glyphs.draw_alphabet((0, 0, 3), count, 4, 1.0) for count in (2, 5))
    assert np.array_equal(one, more[: len(one)])


def test_no_alphabet_is_in_two_splits(tmp_path: Path) -> None:
    glyphs.prepare(FEW, {}, tmp_path / "glyphs")
    splits = [load_split(tmp_path / "glyphs" / split) for split in SPLITS]
    names = [name for split in splits for name in split.groups()]
    assert len(names) == len(set(names)) == 6
    images = np.concatenate([split.images for split in splits])
    assert len({image.tobytes() for image in images}) == len(images)


def test_hands_differ_and_print_does_not() -> None:
    print_, hand = (glyphs.draw_alphabet((0, 0, 0), 4, 5, wobble) for wobble in (0.0, 1.0))
    assert len({image.tobytes() for image in print_}) == 4
    assert len({image.tobytes() for image in hand}) == 20


def test_pixels_alone_neither_solve_nor_miss_the_task() -> None:
    """Nearest neighbours at 5-way 1-shot leave room on both sides for what learns."""
    images = np.stack([glyphs.draw_alphabet((0, 2, a), 5, 6, 1.0) for a in range(6)])
    drawings = images.reshape(30, 6, 784).astype(float)
    draws = np.random.default_rng(0)
    right = []
    for _ in range(400):
        classes = draws.choice(30, 5, replace=False)
        support, query = np.moveaxis(drawings[classes][:, draws.permutation(6)[:2]], 1, 0)
        distances = ((query[:, None] - support[None]) ** 2).sum(-1)
        right.append(distances.argmin(1) == np.arange(5))
    assert 0.35 < np.mean(right) < 0.65


def test_a_track_passes_through_the_ends_and_is_straight_where_the_points_are() -> None:
    points = np.array([[[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]])
    for roundness in (0.0, 0.5, 1.0):
        track = trace(points, roundness)[0]
        assert track.shape == (SAMPLES, 2)
        np.testing.assert_allclose(track[[0, -1]], points[0, [0, -1]], atol=1e-12)
        np.testing.assert_allclose(track[:, 1], 2 * track[:, 0], atol=1e-12)


def test_ink_falls_over_one_pixel_at_the_edge_of_the_pen() -> None:
    image = paint(np.array([[[3.0, 3.0]]]), np.array([1.25]), 7)[0]
    assert image[3].tolist() == [0, 0, 191, 255, 191, 0, 0]
    assert np.array_equal(image, image.T)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drawing": 5}, "no option 'drawing'; did you mean 'drawings'"),
        ({"seed": 0.5}, "'seed' is 0.5; a whole number"),
        ({"drawings": True}, "'drawings' is True; a whole number"),
        ({"wobble": 3}, "'wobble' is 3; a number from 0 to 2"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(MetabenchError, match=f"^glyphs.yaml: {message}"):
        glyphs.check(options, "glyphs.yaml")
