"""Pickles are programs; these are not run."""

from __future__ import annotations

import builtins
import importlib
import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metabench.datasets.pickles import load_plain
from metabench.errors import MetabenchError

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 3), dtype=np.uint8)


def load(content: bytes) -> Any:
    return load_plain(Path("a.pkl"), io.BytesIO(content))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_comes_back_as_it_was(protocol: int) -> None:
    data = {
        "image_data": PIXELS,
        "class_dict": {"n01": [0, 1, 2], "n02": [np.int64(3), 4, 5]},
        "floats": np.linspace(0, 1, 7).reshape(7, 1),
        "columns": np.asfortranarray(PIXELS[0, :, :, 0]),
        "rest": (None, True, 1.5, b"raw", "text", -(1 << 70)),
    }
    found = load(pickle.dumps(data, protocol=protocol))
    for name in ("image_data", "floats", "columns"):
        assert found[name].dtype == data[name].dtype
        np.testing.assert_array_equal(found[name], data[name])
    assert found["class_dict"] == data["class_dict"]
    assert found["rest"] == data["rest"]


def test_numpy_1_and_python_2_are_read(tmp_path: Path) -> None:
    """Python 2 wrote bytes for texts, and NumPy 1 had its internals elsewhere."""
    content = pickle.dumps({"data": PIXELS}, protocol=2).replace(b"numpy._core", b"numpy.core")
    assert b"numpy.core" in content
    np.testing.assert_array_equal(load(content)["data"], PIXELS)
    assert load(b"(dp0\nS'labels'\np1\n(lp2\nI3\nas.") == {b"labels": [3]}


class Calls:
    """Pickled as a call of ``function`` with ``arguments``."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


HOSTILE = {
    "a shell": Calls(os.system, "touch harmed"),
    "eval": Calls(builtins.eval, "__import__('os').system('touch harmed')"),
    "exec": Calls(builtins.exec, "open('harmed', 'w')"),
    "getattr": Calls(builtins.getattr, os, "system"),
    "a file": Calls(builtins.open, "harmed", "w"),
    "a module again": Calls(importlib.reload, os),
    "another pickle": Calls(pickle.loads, pickle.dumps(Calls(os.system, "touch harmed"))),
    "an array of objects": np.array([Calls(os.system, "touch harmed")], dtype=object),
    "a record array": np.zeros(2, dtype=[("a", "u1"), ("b", "O")]),
    "an array of texts": np.array(["a", "b"]),
    "numpy's own loader": Calls(np.load, "a.npy", None, True),
    "a function of numpy": Calls(np.frombuffer, b"1234"),
    "a class of ours": MetabenchError("x"),
    "a type": dict,
    "a set": {1, 2},
    "a path": Path("harmed"),
}


@pytest.mark.fault(
    "a pickle of data that asks for a function or a class",
    "one line that names it; nothing is called",
    "nothing",
)
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_else_a_pickle_asks_for_is_refused(
    name: str, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        content = pickle.dumps({"data": [HOSTILE[name]]}, protocol=protocol)
    except TypeError:  # modules do not pickle
        content = b"cos\nsystem\n(S'touch harmed'\ntR."
    with pytest.raises(MetabenchError, match=r"a\.pkl: ") as error:
        load(content)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "program",
    [
        b"cos\nsystem\n(S'touch harmed'\ntR.",  # REDUCE
        b"(S'touch harmed'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'touch harmed'\no.",  # OBJ
        b"\x80\x02cos\nsystem\nU\x0ctouch harmed\x85\x81.",  # NEWOBJ
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0ctouch harmed\x85R.",  # STACK_GLOBAL
        b"\x80\x04\x8c\x05numpy\x8c\x0dcore.os.system\x93)R.",  # a dotted name
        b"cnumpy\nndarray\n.",  # a stand-in itself
        b"cnumpy.core.multiarray\n_reconstruct\n}S'__call__'\ncnumpy\nndarray\nsb.",  # BUILD
        b"cnumpy\nndarray\n)\x81.",  # an instance of a stand-in
        b"cnumpy\ndtype\n(S'O8'\nI00\nI01\ntR.",  # objects
        b"\x82\x01.",  # EXT1
        b"S'who'\nQ.",  # a persistent id
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\ndtype\n(I0\ntS'b'\ntR.",
        b"c__main__\nx\n.",
        b"cbuiltins\ngetattr\n.",
        b"c_codecs\nlookup\n.",
        b"c_codecs\nencode\n(V12\nS'rot13'\ntR.",
        b"(lp0\ng0\na.",  # a list that holds itself
        b"",
        b"<!DOCTYPE html><html>",
        pickle.dumps(PIXELS)[:-20],
    ],
)
def test_no_instruction_gets_past(
    program: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MetabenchError, match=r"a\.pkl: "):
        load(program)
    assert not list(tmp_path.iterdir())


def test_a_pickle_cannot_change_what_the_next_one_is_read_with() -> None:
    """Attributes set on a stand-in would outlive the pickle that set them."""
    with pytest.raises(MetabenchError):
        load(b"cnumpy.core.multiarray\n_reconstruct\n(N}S'x'\nI1\nstb.")
    np.testing.assert_array_equal(load(pickle.dumps(PIXELS)), PIXELS)


def test_the_memory_of_an_array_is_that_of_its_bytes() -> None:
    found = load(pickle.dumps({"a": PIXELS}, protocol=4))["a"]
    assert not found.flags.owndata
    assert not found.flags.writeable
