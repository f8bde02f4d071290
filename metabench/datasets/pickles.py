"""Pickles of arrays, read without running them.

A pickle is a program for a small machine that may call any function of Python by its name. Data
sets are handed round as pickles nevertheless, so here the machine is given nothing to call: the
six names in pickles of NumPy arrays stand for functions of this module that build plain
arrays from plain bytes, and every other name ends the reading. What comes out are dicts, lists,
texts, bytes, numbers and arrays of numbers.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import IO, Any

import numpy as np

from metabench.errors import MetabenchError

DEEPEST = 20  # containers within containers
PLAIN = "biuf"  # kinds of numbers that an array may hold: neither objects nor records


def load_plain(path: Path, stream: IO[bytes] | None = None) -> Any:
    """The plain data of the pickle at ``path``, or in ``stream``, which ``path`` then names.

    Texts of Python 2 come as bytes. Arrays share the memory of the bytes that they came as, and
    cannot be written to.

    Raises:
        MetabenchError: if it asks for anything but plain data, or is damaged.
    """
    if stream is None:
        with path.open("rb") as opened:
            return load_plain(path, opened)
    try:
        return _plain(_PlainUnpickler(stream, encoding="bytes").load())
    except _ForbiddenError as error:
        raise MetabenchError(f"{path}: {error}; nothing of it is used") from None
    except MemoryError:
        raise
    except Exception as error:  # a broken pickle may fail in any way
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise MetabenchError(f"{path}: not a pickle of plain data ({told})") from None


class _ForbiddenError(Exception):
    """The pickle asks for what no data needs."""


class _PlainUnpickler(pickle.Unpickler):
    """The unpickler whose every name is a stand-in of this module."""

    def find_class(self, module: str, name: str) -> Any:
        # NumPy 2 moved its internals from numpy.core to numpy._core.
        stand_in = _STAND_INS.get((module.replace("numpy._core", "numpy.core"), name))
        if stand_in is None:
            raise _ForbiddenError(f"the pickle asks for {module}.{name}, which is no plain data")
        return stand_in()


# Each stand-in is a fresh object without attributes, so a pickle has nothing to write to, and no
# class, so it has nothing to make an instance of.


class _Array:
    """An array under construction: NumPy makes an empty one and then gives it its state."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Any = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        self.value = _array(data, dtype, shape, "F" if fortran else "C")


class _DType:
    """A type of numbers under construction."""

    __slots__ = ("value",)

    def __init__(self, code: Any) -> None:
        text = code.decode("ascii") if isinstance(code, bytes) else code
        if not isinstance(text, str):
            raise _ForbiddenError(f"the pickle asks for an array of {code!r}")
        self.value = np.dtype(text)
        if self.value.kind not in PLAIN:
            raise _ForbiddenError(f"the pickle asks for an array of {self.value}, not of numbers")

    def __setstate__(self, state: Any) -> None:
        order: Any = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        self.value = self.value.newbyteorder(order)


class _NDArray:
    """``numpy.ndarray``, which NumPy hands to `_reconstruct` and nobody calls."""

    __slots__ = ()


class _Reconstruct:
    __slots__ = ()

    def __call__(self, kind: Any, shape: Any, code: Any) -> _Array:
        if not isinstance(kind, _NDArray):
            raise _ForbiddenError("the pickle asks for a strange kind of array")
        return _Array()


class _MakeDType:
    __slots__ = ()

    def __call__(self, code: Any, align: Any = False, copy: Any = False) -> _DType:
        return _DType(code)


class _FromBuffer:
    __slots__ = ()

    def __call__(self, data: Any, dtype: Any, shape: Any, order: Any) -> _Array:
        made = _Array()
        made.value = _array(data, dtype, shape, order)
        return made


class _Scalar:
    __slots__ = ()

    def __call__(self, dtype: Any, data: Any) -> Any:
        return _array(data, dtype, (), "C").item()


class _Encode:
    """``_codecs.encode``: how Python 3 writes bytes for Python 2."""

    __slots__ = ()

    def __call__(self, text: Any, encoding: Any) -> bytes:
        if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
            raise _ForbiddenError(f"the pickle asks for the encoding {encoding!r}")
        return text.encode("latin1")


_STAND_INS = {
    ("numpy.core.multiarray", "_reconstruct"): _Reconstruct,
    ("numpy.core.multiarray", "scalar"): _Scalar,
    ("numpy.core.numeric", "_frombuffer"): _FromBuffer,
    ("numpy", "ndarray"): _NDArray,
    ("numpy", "dtype"): _MakeDType,
    ("_codecs", "encode"): _Encode,
}


def _array(data: Any, dtype: Any, shape: Any, order: Any) -> Any:
    if not isinstance(dtype, _DType) or not isinstance(data, bytes | bytearray):
        raise _ForbiddenError("the pickle asks for an array of something but numbers")
    array = np.frombuffer(data, dtype.value).reshape(shape, order="F" if order == "F" else "C")
    array.flags.writeable = False
    return array


def _plain(value: Any, depth: int = 0) -> Any:
    """``value`` with what was under construction as it became."""
    if depth > DEEPEST:
        raise _ForbiddenError("the pickle holds containers within containers without end")
    if isinstance(value, _Array):
        return _plain(value.value, depth + 1)
    if isinstance(value, dict):
        return {_plain(k, depth + 1): _plain(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(item, depth + 1) for item in value)
    if value is None or isinstance(value, str | bytes | bytearray | int | float | np.ndarray):
        return value
    raise _ForbiddenError(f"the pickle holds a {type(value).__name__.strip('_')}, not plain data")
