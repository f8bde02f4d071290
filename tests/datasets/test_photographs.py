"""Photographs from made-up archives of every form, and the published numbers of every split."""

from __future__ import annotations

import hashlib
import io
import pickle
import re
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bad_server import serve
from made_up import jpeg, write_tar, write_zip
from PIL import Image

from metabench.datasets import cifar_fs, cub, mini_to_cub, miniimagenet
from metabench.datasets.archives import Archive, Source, fetch
from metabench.datasets.packed import Files
from metabench.datasets.photographs import check_whole, published_classes, squeezed
from metabench.datasets.prepare import prepare
from metabench.datasets.store import SPLITS, load_split, verify
from metabench.errors import MetabenchError
from metabench.spec import DataSpec

MINI = published_classes("miniimagenet-ravi")


def made(module: Any, folder: Path, out: Path, **options: Any) -> Path:
    """The data set that ``module`` makes of the archives in ``folder``."""
    sources = []
    for archive in module.archives(options):
        sources.append(out / f"{archive.name}.json")
        fetch(archive, folder, sources[-1])
    name = module.__name__.rpartition(".")[2]
    prepare(DataSpec(name, module.__name__, "classification", options), sources, out / name)
    for split in SPLITS:
        verify(out / name / split)
    return out / name


# The published splits


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("miniimagenet-ravi", (64, 16, 20)),
        ("cub-closer-look", (100, 50, 50)),
        ("cub-140", (140, 30, 30)),
        ("cifar_fs", (64, 16, 20)),
    ],
)
def test_a_split_has_the_published_numbers_of_classes_and_each_class_once(
    name: str, counts: tuple[int, int, int]
) -> None:
    classes = published_classes(name)
    assert tuple(len(classes[split]) for split in SPLITS) == counts
    assert len({one for names in classes.values() for one in names}) == sum(counts)
    assert all(names == sorted(names) for names in classes.values())


def test_every_second_of_the_sorted_birds_trains() -> None:
    classes = published_classes("cub-closer-look")
    birds = sorted(one for names in classes.values() for one in names)
    assert classes["train"] == birds[0::2]
    assert classes["val"] == birds[1::4]
    assert classes["test"] == birds[3::4]
    assert [int(one[:3]) for one in birds] == list(range(1, 201))


def test_the_two_splits_of_birds_test_on_what_the_other_trains_on() -> None:
    ours, theirs = (cub.classes_of({"split": name}) for name in ("closer-look", "140"))
    assert len(set(ours["test"]) & set(theirs["train"])) == 29
    assert len(set(theirs["test"]) & set(ours["train"])) == 14
    assert len(set(ours["test"]) & set(theirs["test"])) == 7


def test_from_miniimagenet_to_birds_trains_on_all_100_classes() -> None:
    sizes = mini_to_cub.sizes({})
    assert tuple(sizes[split].classes for split in SPLITS) == (100, 50, 50)
    assert mini_to_cub.classes_of()["test"] == cub.classes_of({})["test"]


def test_the_list_of_ilsvrc_has_600_images_of_each_class() -> None:
    chosen = miniimagenet.chosen_images()
    assert sorted(chosen) == sorted(one for names in MINI.values() for one in names)
    assert {len(numbers) for numbers in chosen.values()} == {600}


# Full-size listings, without a pixel


def mini_listing(per_class: int = 600) -> Files:
    names = [
        f"images/{one}{number + 1:08d}.jpg"
        for classes in MINI.values()
        for one in classes
        for number in range(per_class)
    ]
    return Files(sorted(names), lambda name: b"", dict.fromkeys(names, 0))


def listed(monkeypatch: pytest.MonkeyPatch, module: Any, files: Files) -> None:
    class Opened:
        def __init__(self, *_: object) -> None: ...
        def __enter__(self) -> Files:
            return files

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(module, "open_files", Opened)


def source(archive: Archive, form: str = "") -> dict[str, Source]:
    return {archive.name: Source(archive.name, "x", "local", "", "listing", form)}


@pytest.mark.parametrize(("split", "images"), [("train", 38400), ("val", 9600), ("test", 12000)])
def test_the_whole_of_miniimagenet_is_known_by_its_numbers(
    monkeypatch: pytest.MonkeyPatch, split: str, images: int
) -> None:
    listed(monkeypatch, miniimagenet, mini_listing())
    sources = source(miniimagenet.cache_archive(split), "mini-imagenet.zip")
    with miniimagenet.open_part(split, sources) as part:
        assert sum(part.counts.values()) == images
        assert check_whole([part], MINI[split], 600, subset=False) == {}


def test_one_image_too_few_is_named_and_a_subset_says_what_it_is_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed(monkeypatch, miniimagenet, mini_listing(599))
    sources = source(miniimagenet.cache_archive("test"), "mini-imagenet.zip")
    with miniimagenet.open_part("test", sources) as part:
        with pytest.raises(MetabenchError, match=r"11,980 of 12,000 images .* has 599 of 600"):
            check_whole([part], MINI["test"], 600, subset=False)
        about = check_whole([part], MINI["test"], 600, subset=True)
    assert about == {"subset_of": {"classes": 20, "images": 12000}}


@pytest.mark.parametrize(("extra", "whole"), [(0, True), (1, False)])
def test_the_whole_of_cub_is_known_by_its_numbers(
    monkeypatch: pytest.MonkeyPatch, extra: int, whole: bool
) -> None:
    birds = sorted(one for names in cub.classes_of({}).values() for one in names)
    # 11,788 photographs in any distribution over the 200 species.
    counts = [58 + (number < 188) for number in range(200)]
    counts[0] += extra
    names = [
        f"CUB_200_2011/images/{one}/{one}_{number:04d}.jpg"
        for one, count in zip(birds, counts, strict=True)
        for number in range(count)
    ]
    listed(monkeypatch, cub, Files(sorted(names), lambda name: b"", dict.fromkeys(names, 0)))
    opened = cub.open_parts(cub.classes_of({}), source(cub.BIRDS), subset=False)
    if not whole:
        with pytest.raises(MetabenchError, match="11,789 of 11,788"), opened:
            pass
        return
    with opened as (parts, missing):
        assert sum(sum(part.counts.values()) for part in parts.values()) == 11_788
        assert [len(parts[split].counts) for split in SPLITS] == [100, 50, 50]
        assert missing == {"train": {}, "val": {}, "test": {}}


# How photographs become pixels


def test_a_photograph_is_squeezed_whatever_its_shape() -> None:
    content = jpeg(0, (50, 30))
    with Image.open(io.BytesIO(content)) as image:
        expected = np.asarray(image.convert("RGB").resize((84, 84), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(miniimagenet.resized(content), expected)


def test_what_is_84_pixels_wide_already_is_left_as_it_is() -> None:
    content = jpeg(0, (84, 84))
    with Image.open(io.BytesIO(content)) as image:
        np.testing.assert_array_equal(miniimagenet.resized(content), np.asarray(image))


def test_of_a_bird_the_middle_of_96_pixels_is_kept() -> None:
    content = jpeg(0, (120, 70))
    with Image.open(io.BytesIO(content)) as image:
        expected = np.asarray(image.resize((96, 96), Image.Resampling.BILINEAR))[6:90, 6:90]
    np.testing.assert_array_equal(cub.resized(content), expected)


def test_grey_photographs_have_three_channels() -> None:
    stream = io.BytesIO()
    Image.fromarray(np.full((84, 84), 77, dtype=np.uint8)).save(stream, format="PNG")
    pixels = squeezed(stream.getvalue(), 84, 0, Image.Resampling.LANCZOS)
    assert pixels.shape == (84, 84, 3)
    assert (pixels == 77).all()


# miniImageNet in every form. Three classes a split and four images a class stand for the whole.


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The first classes of each split, of which four images are all there are."""
    classes = {split: names[:3] for split, names in MINI.items()}
    for module in (miniimagenet, mini_to_cub):
        monkeypatch.setattr(
            module,
            "published_classes",
            lambda name: classes if name == "miniimagenet-ravi" else published_classes(name),
        )
    monkeypatch.setattr(miniimagenet, "PER_CLASS", 4)
    return classes


def photographs(classes: dict[str, list[str]], name: str = "{one}{number:08d}.jpg") -> Any:
    """The content of each image by its file name, and by its class in order."""
    names = [
        (name.format(one=one, number=number), int(one[1:]) * 10 + number)
        for split in SPLITS
        for one in classes[split]
        for number in range(1, 5)
    ]
    return {file: jpeg(seed % 99991, (84, 84)) for file, seed in names}


def pixels(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def test_all_forms_of_the_same_images_give_the_same_data_set(
    small: dict[str, list[str]], tmp_path: Path
) -> None:
    files = photographs(small)
    write_zip(tmp_path / "zip" / "images.zip", {f"images/{k}": v for k, v in files.items()})
    for name, content in files.items():
        folder = tmp_path / "folder" / "miniImageNet" / name[:9]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (tmp_path / "cache").mkdir()
    caches = {}
    for split, names in small.items():
        mine = [(name, content) for name, content in files.items() if name[:9] in names]
        mine.reverse()  # in an order of its own
        cache = {
            "image_data": np.stack([pixels(content) for _, content in mine]),
            "class_dict": {
                one: [i for i, (name, _) in reversed(list(enumerate(mine))) if name[:9] == one]
                for one in names
            },
        }
        caches[f"mini-imagenet-cache-{split}.pkl"] = pickle.dumps(cache, protocol=2)
    for name, content in caches.items():
        (tmp_path / "cache" / name).write_bytes(content)
    write_tar(tmp_path / "tar" / "mini-imagenet.tar.gz", caches)
    digests = set()
    for form in ("zip", "folder", "cache", "tar"):
        out = made(miniimagenet, tmp_path / form, tmp_path / f"out-{form}")
        digests.add(tuple(verify(out / split) for split in SPLITS))
        train = load_split(out / "train")
        assert train.classes == tuple(small["train"])
        assert train.images.shape == (12, 84, 84, 3)
        assert "subset_of" not in train.meta
    assert len(digests) == 1


@pytest.mark.parametrize("form", ["folders", "class tars", "the tar of tars"])
def test_miniimagenet_is_chosen_from_your_own_ilsvrc2012(
    small: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    files = photographs(small, "{one}_{number}.JPEG")
    unwanted = [name.replace("_1.", "_7.") for name in files if "_1." in name]
    everything = {**files, **dict.fromkeys(unwanted, jpeg(5, (30, 40)))}
    everything["n99999999_1.JPEG"] = jpeg(6, (30, 40))
    chosen = {one: {1, 2, 3, 4} for names in small.values() for one in names}
    monkeypatch.setattr(miniimagenet, "chosen_images", lambda: chosen)
    root = tmp_path / "raw" / "ILSVRC2012_img_train"
    by_class: dict[str, dict[str, bytes]] = {}
    for name, content in everything.items():
        by_class.setdefault(name[:9], {})[name] = content
    for one, contents in by_class.items():
        if form == "folders":
            (root / one).mkdir(parents=True)
            for name, content in contents.items():
                (root / one / name).write_bytes(content)
        else:
            write_tar(root / f"{one}.tar", contents)
    if form == "the tar of tars":
        tars = {path.name: path.read_bytes() for path in sorted(root.iterdir())}
        write_tar(tmp_path / "one" / "ILSVRC2012_img_train.tar", tars)
    raw = tmp_path / ("one" if form == "the tar of tars" else "raw")
    out = made(miniimagenet, raw, tmp_path / "out")
    val = load_split(out / "val")
    assert val.classes == tuple(small["val"])
    expected = [pixels(files[f"{one}_{n}.JPEG"]) for one in small["val"] for n in (1, 2, 3, 4)]
    np.testing.assert_array_equal(val.images, np.stack(expected))


def test_a_cache_that_would_run_something_is_refused(
    small: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw").mkdir()
    for split in SPLITS:
        path = tmp_path / "raw" / f"mini-imagenet-cache-{split}.pkl"
        path.write_bytes(b"cos\nsystem\n(S'touch harmed'\ntR.")
    with pytest.raises(MetabenchError, match=r"cache-train.pkl: the pickle asks for os.system"):
        made(miniimagenet, tmp_path / "raw", tmp_path / "out")
    assert not list((tmp_path / "out" / "miniimagenet").iterdir())
    assert not list(tmp_path.glob("harmed"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image_data": np.zeros((12, 84, 84, 1), dtype=np.uint8)}, r"not uint8 \[n, 84, 84, 3\]"),
        ({"image_data": np.zeros((12, 84, 84, 3))}, r"not uint8 \[n, 84, 84, 3\]"),
        ({"class_dict": {"n00000000": [0]}}, "n00000000.* is no class of this split"),
        ({"class_dict": [1, 2]}, "no `image_data` and `class_dict`"),
        ({"class_dict": {MINI["train"][0]: [0, 0, 1, 2]}}, "an image is in two classes"),
        ({"class_dict": {MINI["train"][0]: [0, 99]}}, "or there is none of its number"),
        ({"class_dict": {MINI["train"][0]: [0, 1, 2, 3]}}, "not whole: 1 of 3 classes"),
    ],
)
def test_a_cache_that_is_laid_out_otherwise_is_named(
    small: dict[str, list[str]], tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    cache = {"image_data": np.zeros((12, 84, 84, 3), dtype=np.uint8), **change}
    cache.setdefault("class_dict", {one: [0] for one in small["train"]})
    (tmp_path / "raw").mkdir()
    for split in SPLITS:
        content = pickle.dumps(cache)
        (tmp_path / "raw" / f"mini-imagenet-cache-{split}.pkl").write_bytes(content)
    with pytest.raises(MetabenchError, match=rf"cache-train.pkl: .*{said}"):
        made(miniimagenet, tmp_path / "raw", tmp_path / "out")


def test_images_zip_of_another_data_set_is_passed_over(
    small: dict[str, list[str]], tmp_path: Path
) -> None:
    write_zip(tmp_path / "raw" / "a" / "images.zip", {"images/cat.jpg": jpeg(0, (9, 9))})
    write_zip(tmp_path / "raw" / "b" / "images.zip", photographs(small))
    out = made(miniimagenet, tmp_path / "raw", tmp_path / "out")
    assert len(load_split(out / "train").images) == 12


def test_a_damaged_photograph_is_named(small: dict[str, list[str]], tmp_path: Path) -> None:
    files = photographs(small)
    name = next(name for name in files if name[:9] == small["train"][0])
    files[name] = files[name][:200]
    write_zip(tmp_path / "raw" / "images.zip", files)
    with pytest.raises(MetabenchError, match=rf"images.zip: .*{name} is no readable image"):
        made(miniimagenet, tmp_path / "raw", tmp_path / "out")


def test_a_cache_is_downloaded_after_the_terms_and_checked_by_what_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody has published its checksum or its size."""
    content = pickle.dumps({"image_data": np.zeros((4, 84, 84, 3), np.uint8)})
    archive = miniimagenet.cache_archive("val")
    with serve(content) as site:
        url = site.url.replace("letters.zip", archive.name)
        found = fetch(replace(archive, urls=(url,)), None, tmp_path / "a.json")
    assert (found.origin, found.verified) == ("downloaded", "listing")
    assert Path(found.path).read_bytes() == content
    said = capsys.readouterr().err
    assert "non-commercial research" in said
    with serve(content, "html") as site, pytest.raises(MetabenchError, match="HTML page"):
        fetch(replace(archive, urls=(site.url,)), None, tmp_path / "b" / "a.json")


def test_where_no_host_has_it_the_error_says_which_file_to_put_where(tmp_path: Path) -> None:
    with pytest.raises(MetabenchError) as error:
        fetch(miniimagenet.SUBSET, None, tmp_path / "a.json")
    for words in ("no host hands it out", "images.zip", "METABENCH_DATA", "`archives:`"):
        assert words in str(error.value)


# CUB


@pytest.fixture
def aviary(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Two photographs of each of 12 species, in CUB's folders; they are all there are."""
    counts = {"train": 6, "val": 3, "test": 3}
    birds = {split: names[: counts[split]] for split, names in cub.classes_of({}).items()}
    monkeypatch.setattr(cub, "classes_of", lambda options: birds)
    monkeypatch.setattr(cub, "SPECIES", 12)
    monkeypatch.setattr(cub, "PHOTOGRAPHS", 24)
    files = {"CUB_200_2011/README": b"hello", "attributes.txt": b"beak"}
    for names in birds.values():
        for one in names:
            for number in (1, 2):
                name = f"CUB_200_2011/images/{one}/{one[4:]}_{number:04d}_9.jpg"
                files[name] = jpeg(int(one[:3]) * 10 + number, (60, 40))
    return files


def test_birds_are_read_from_the_tgz_a_folder_or_a_zip_alike(
    aviary: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tgz" / "CUB_200_2011.tgz"
    write_tar(path, dict(reversed(aviary.items())))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    birds = replace(cub.BIRDS, checksum=f"sha256:{sha256}", size=path.stat().st_size)
    monkeypatch.setattr(cub, "BIRDS", birds)
    for name, content in aviary.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(content)
    write_zip(tmp_path / "zip" / "CUB_200_2011.zip", aviary)
    digests = set()
    for form in ("tgz", "folder", "zip"):
        out = made(cub, tmp_path / form, tmp_path / f"out-{form}", normalise=True)
        digests.add(tuple(verify(out / split) for split in SPLITS))
        train = load_split(out / "train")
        assert train.images.shape == (12, 84, 84, 3)
        assert train.meta["normalise"]["mean"] == [0.485, 0.456, 0.406]
        assert not (tmp_path / f"out-{form}" / "CUB_200_2011").exists()
    assert len(digests) == 1

    path.write_bytes(path.read_bytes()[:-40])
    said = r"CUB_200_2011.tgz: not the published .*; expected sha256:.*, found sha256:"
    with pytest.raises(MetabenchError, match=said):
        fetch(birds, tmp_path / "tgz", tmp_path / "a.json")


def test_some_of_the_birds_are_refused_unless_a_subset_is_asked_for(
    aviary: dict[str, bytes], tmp_path: Path
) -> None:
    some = dict(list(aviary.items())[:-1])
    write_zip(tmp_path / "raw" / "CUB_200_2011.zip", some)
    with pytest.raises(MetabenchError, match="12 of 12 species and 23 of 24 photographs"):
        made(cub, tmp_path / "raw", tmp_path / "out")
    (tmp_path / "raw" / "CUB_200_2011.zip").rename(tmp_path / "raw" / cub.SUBSET.name)
    out = made(cub, tmp_path / "raw", tmp_path / "out", subset=True)
    assert load_split(out / "test").meta["subset_of"] == {"classes": 3}
    assert load_split(out / "test").meta["images"] == 5


def test_a_folder_that_changed_after_it_was_fetched_is_not_used(
    aviary: dict[str, bytes], tmp_path: Path
) -> None:
    for name, content in aviary.items():
        (tmp_path / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "raw" / name).write_bytes(content)
    fetch(cub.BIRDS, tmp_path / "raw", tmp_path / "a.json")
    next((tmp_path / "raw").rglob("*.jpg")).write_bytes(jpeg(1, (10, 10)))
    spec = DataSpec("cub", "metabench.datasets.cub", "classification")
    with pytest.raises(MetabenchError, match="changed since it was looked at"):
        prepare(spec, [tmp_path / "a.json"], tmp_path / "cub")


def test_from_things_to_birds(
    small: dict[str, list[str]], aviary: dict[str, bytes], tmp_path: Path
) -> None:
    write_zip(tmp_path / "raw" / "images.zip", photographs(small))
    write_zip(tmp_path / "raw" / "CUB_200_2011.zip", aviary)
    out = made(mini_to_cub, tmp_path / "raw", tmp_path / "out")
    things = load_split(out / "train")
    assert things.classes == tuple(sorted(one for names in small.values() for one in names))
    np.testing.assert_array_equal(np.bincount(things.labels), np.full(9, 4))
    first = pixels(photographs(small)[f"{things.classes[0]}{1:08d}.jpg"])
    np.testing.assert_array_equal(things.images[0], first)
    birds = made(cub, tmp_path / "raw", tmp_path / "birds")
    for split in ("val", "test"):
        assert verify(out / split) == verify(birds / split)


# CIFAR-FS


def cifar(names: list[str], per_class: dict[str, int]) -> dict[str, bytes]:
    """CIFAR-100's files, as Python 2 pickled them: texts and keys are bytes."""
    rng = np.random.default_rng(0)
    files = {}
    for part, count in per_class.items():
        labels = rng.permutation(np.repeat(np.arange(len(names)), count)).tolist()
        # The first byte of an image is its class, to know it again.
        data = rng.integers(0, 256, (len(labels), 3072), dtype=np.uint8)
        data[:, 0] = labels
        content = {b"data": data, b"fine_labels": labels, b"batch_label": part.encode()}
        files[part] = pickle.dumps(content, protocol=2)
    files["meta"] = pickle.dumps({b"fine_label_names": [n.encode() for n in names]}, protocol=2)
    return {f"cifar-100-python/{name}": content for name, content in files.items()}


def test_cifar_fs_joins_training_and_test_images_of_a_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(one for part in published_classes("cifar_fs").values() for one in part)
    monkeypatch.setattr(cifar_fs, "PER_CLASS", 3)
    files = cifar(names, {"train": 2, "test": 1})
    for name, content in files.items():
        (tmp_path / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "raw" / name).write_bytes(content)
    out = made(cifar_fs, tmp_path / "raw", tmp_path / "out")
    counts = []
    for split in SPLITS:
        one = load_split(out / split)
        counts.append((len(one.classes), len(one.images)))
        expected = np.array([names.index(name) for name in one.classes])[one.labels]
        np.testing.assert_array_equal(one.images[:, 0, 0, 0], expected)
    assert counts == [(64, 192), (16, 48), (20, 60)]


def test_rows_of_cifar_are_red_before_green_before_blue() -> None:
    row = np.concatenate([np.full(1024, c) for c in (1, 2, 3)]).astype(np.uint8)[None]
    row[0, 1] = 9
    image = cifar_fs.as_images(row)[0]
    assert image[0, 0].tolist() == [1, 2, 3]
    assert image[0, 1].tolist() == [9, 2, 3]  # rows first


def test_the_published_archives_are_asked_for_by_their_published_digests() -> None:
    known = {
        "CUB_200_2011.tgz": (1_150_585_339, "0c685df5597a8b24909f6a7c9db6d11e008733779a671760"),
        "cifar-100-python.tar.gz": (169_001_437, "eb9058c3a382ffc7106e4002c42a8d85"),
    }
    for archive in (cub.BIRDS, cifar_fs.CIFAR):
        size, digest = known[archive.name]
        assert archive.size == size
        assert re.search(digest, archive.checksum)
        assert all(url.startswith("https://") for url in archive.urls)


@pytest.mark.parametrize("member", ["../outside.jpg", "/etc/outside.jpg", "a/../../x.jpg"])
def test_a_tar_that_leads_out_of_itself_is_refused(tmp_path: Path, member: str) -> None:
    write_tar(tmp_path / "raw" / "CUB_200_2011.tar", {member: b"x"})
    with pytest.raises(MetabenchError, match="leads out"):
        fetch(cub.BIRDS, tmp_path / "raw", tmp_path / "a.json")


def test_a_cut_tar_is_named(aviary: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "raw" / "CUB_200_2011.tar"
    write_tar(path, aviary)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(MetabenchError, match=r"CUB_200_2011.tar: "):
        made(cub, tmp_path / "raw", tmp_path / "out")


def test_links_in_a_tar_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "raw" / "CUB_200_2011.tar"
    path.parent.mkdir()
    with tarfile.open(path, "w") as packed:
        link = tarfile.TarInfo("CUB_200_2011/images/001.Black_footed_Albatross/a.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed.addfile(link)
    birds = replace(cub.BIRDS, urls=())
    with pytest.raises(MetabenchError, match=r"CUB_200_2011\.tgz is not on this machine"):
        fetch(birds, path.parent, tmp_path / "a.json")


# Real photographs


@pytest.mark.data
@pytest.mark.parametrize(
    ("module", "counts"),
    [
        (miniimagenet, {"train": (64, 1920), "val": (16, 480), "test": (20, 600)}),
        (cub, {"train": (44, 880), "val": (28, 560), "test": (28, 560)}),
    ],
)
def test_real_subsets_go_through_the_same_rules(
    raw_data: Path, tmp_path: Path, module: Any, counts: dict[str, tuple[int, int]]
) -> None:
    wanted = module.archives({"subset": True})[0]
    if not any(raw_data.rglob(n) for n in (wanted.name, *wanted.aliases)):
        pytest.skip(f"no {wanted.name} in METABENCH_DATA")
    out = made(module, raw_data, tmp_path, subset=True)
    for split, (classes, images) in counts.items():
        one = load_split(out / split)
        assert (one.meta["classes"], one.meta["images"]) == (classes, images)
        assert one.meta["subset_of"]["classes"] > classes or "images" in one.meta["subset_of"]
        assert one.images.shape[1:] == (84, 84, 3)
        assert 60 < one.images.mean() < 180
