"""Folders of images as classes, and how classes are divided into train, val and test.

The image ``birds/finch/1.png`` is of the class ``finch``, and ``letters/Latin/alpha/1.png`` of the
class ``alpha`` in the group ``Latin``. What belongs to no class, and what would belong to two
splits, is an error. Nothing is left out without a word but what is hidden, as ``.DS_Store`` is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from metabench.datasets.options import Between, Kind, Rule, Whole, check_options
from metabench.datasets.store import SPLITS
from metabench.errors import MetabenchError
from metabench.files.whole import canonical

Classes = dict[str, list[str]]  # the files of each class, both sorted

DIVIDE = "`divide: {val: 0.2, test: 0.2, seed: 0}`"
LEFT_OUT = "left_out"
SHARES: dict[str, Rule] = {"val": Between(0, 1), "test": Between(0, 1), "seed": Whole(0, 2**32 - 1)}
LISTS: dict[str, Rule] = {key: Kind(list, "a list of classes is") for key in (*SPLITS, LEFT_OUT)}
LONGEST = 100_000  # letters of all lists: they become one word of a command, which has 131,071


def check_division(options: dict[str, Any], where: str) -> None:
    """Check the options ``divide`` and ``classes``, of which at most one is there."""
    if "divide" in options and "classes" in options:
        raise MetabenchError(f"{where}: both 'divide' and 'classes'; one of them is right")
    if "divide" in options:
        _check_shares(options["divide"], f"{where}.divide")
    if "classes" in options:
        _check_lists(options["classes"], f"{where}.classes")


def divided(
    names: Iterable[str], options: dict[str, Any], within_group: bool, where: str
) -> dict[str, Classes]:
    """The classes of each split.

    Args:
        names: paths of images, each beginning with the folder of them all.
        options: checked; ``divide`` or ``classes``, or neither where there are folders of splits.
        within_group: whether episodes lie within a group; ``divide`` then leaves each whole.
        where: that folder, for errors.

    Raises:
        MetabenchError: naming the class or the image that is wrong.
    """
    classes = by_folder(names, where)
    if "divide" not in options and "classes" not in options:
        return _by_splits(classes, where)
    for one in classes:
        if "/" in one and one.split("/")[0] in SPLITS:
            raise MetabenchError(
                f"{where}: has a folder {one.split('/')[0]} with classes in it; leave out "
                "'divide' and 'classes', or put all classes right into one folder"
            )
    _check_depth(classes, "", where)
    if "classes" in options:
        return _by_lists(classes, options["classes"], where)
    return _by_shares(classes, options["divide"], within_group, where)


def by_folder(names: Iterable[str], where: str) -> Classes:
    """The images of each folder that holds some."""
    classes: Classes = {}
    for name in sorted(names):
        *folders, file = name.split("/")[1:]
        if is_hidden(name):
            continue
        if not folders:
            raise MetabenchError(f"{where}: {file} is in no class; put it into a folder of one")
        classes.setdefault("/".join(folders), []).append(name)
    if not classes:
        raise MetabenchError(f"{where}: no images here; a folder of images for each class is right")
    for one in classes:
        if not one.isprintable():
            raise MetabenchError(f"{where}: {one!r} is no name of a class; use letters and digits")
        upper = one.rpartition("/")[0]
        while upper:
            if upper in classes:
                raise MetabenchError(
                    f"{where}: {upper} holds images, and a folder of images, {one}; one of both "
                    "is right"
                )
            upper = upper.rpartition("/")[0]
    return dict(sorted(classes.items()))


def is_hidden(name: str) -> bool:
    """Whether a file is what systems put beside images: not anybody's image."""
    parts = name.split("/")[1:]
    return (
        any(part.startswith(".") for part in parts)
        or "__MACOSX" in parts
        or parts[-1] in ("Thumbs.db", "desktop.ini")
    )


def _check_shares(shares: dict[str, Any], where: str) -> None:
    check_options(shares, SHARES, where)
    for split in ("val", "test"):
        if not shares.get(split):
            raise MetabenchError(f"{where}: no share for '{split}'; such as {DIVIDE} is right")
    if shares["val"] + shares["test"] >= 1:
        raise MetabenchError(f"{where}: nothing is left to train on; less than 1 together is right")


def _check_lists(lists: dict[str, Any], where: str) -> None:
    check_options(lists, LISTS, where)
    of: dict[str, str] = {}
    for split in SPLITS:
        if not lists.get(split):
            raise MetabenchError(f"{where}: no classes for '{split}'; add `{split}: [...]`")
    for split, names in lists.items():
        for one in names:
            if not isinstance(one, str):
                raise MetabenchError(f"{where}.{split}: {one!r} is no text; put it in quotes")
            if one in of:
                raise MetabenchError(f"{where}: '{one}' is in {of[one]} and in {split}; keep one")
            of[one] = split
    if len(canonical(lists)) > LONGEST:
        raise MetabenchError(
            f"{where}: more than {LONGEST:,} letters; put the classes into folders train, val "
            "and test instead"
        )


def _check_depth(classes: Iterable[str], above: str, where: str) -> None:
    """A class is a folder, or a folder in that of its group."""
    for one in classes:
        if one.count("/") > 1:
            raise MetabenchError(
                f"{where}: {above}{one} lies too deep; {above}<class>, or {above}<group>/<class>, "
                "is right for a folder of images"
            )


def _some(names: Iterable[str]) -> str:
    """A few names, and how many more there are."""
    first, more = sorted(names)[:3], len(set(names)) - 3
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")


def _by_splits(classes: Classes, where: str) -> dict[str, Classes]:
    tops = {one.split("/")[0] for one in classes}
    for split in SPLITS:
        if split not in tops:
            raise MetabenchError(
                f"{where}: no images in a folder '{split}', but in {_some(tops)}; put classes into "
                f"three folders train, val and test, or have them divided by the option {DIVIDE}"
            )
        if split in classes:
            raise MetabenchError(f"{where}: {split} holds images; folders of classes are right")
    for one in sorted(tops.difference(SPLITS)):
        raise MetabenchError(f"{where}: {one} is in none of train, val and test; move or remove it")
    splits: dict[str, Classes] = {split: {} for split in SPLITS}
    of: dict[str, str] = {}
    for path, names in classes.items():
        split, _, one = path.partition("/")
        if one in of:
            raise MetabenchError(
                f"{where}: the class '{one}' is in {of[one]} and in {split}; put all its images "
                f"into one of them, or all classes into one folder, with the option {DIVIDE}"
            )
        of[one] = split
        splits[split][one] = names
    for split, members in splits.items():
        _check_depth(members, f"{split}/", where)
    return splits


def _by_lists(classes: Classes, lists: dict[str, list[str]], where: str) -> dict[str, Classes]:
    listed = {one for names in lists.values() for one in names}
    for one in sorted(listed.difference(classes)):
        raise MetabenchError(f"{where}: no images of '{one}', which is listed under 'classes'")
    for one in classes:
        if one not in listed:
            raise MetabenchError(
                f"{where}: '{one}' is not listed under 'classes'; add it, to {LEFT_OUT} if it "
                "is not to be used"
            )
    return {split: {one: classes[one] for one in sorted(lists[split])} for split in SPLITS}


def _by_shares(
    classes: Classes, shares: dict[str, Any], whole_groups: bool, where: str
) -> dict[str, Classes]:
    """In the order of the SHA-256 of the seed and the name: the same on every machine."""

    def part_of(one: str) -> str:
        return one.split("/")[0] if whole_groups else one

    seed = shares.get("seed", 0)
    parts = {part_of(one) for one in classes}
    order = sorted(parts, key=lambda part: hashlib.sha256(f"{seed} {part}".encode()).digest())
    counts = {split: round(shares[split] * len(order)) for split in ("val", "test")}
    counts["train"] = len(order) - counts["val"] - counts["test"]
    splits = {}
    for split in SPLITS:
        if counts[split] < 1:
            what = "whole groups (within_group)" if whole_groups else "classes"
            raise MetabenchError(
                f"{where}: of its {len(parts)} {what} none is left for '{split}'; other shares in "
                "'divide', or more of them, are right"
            )
        mine, order = order[: counts[split]], order[counts[split] :]
        splits[split] = {one: names for one, names in classes.items() if part_of(one) in mine}
    return splits
