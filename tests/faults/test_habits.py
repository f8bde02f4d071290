"""What no source file of metabench may do, read from the sources themselves."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import metabench

SOURCES = Path(metabench.__file__).parent

CODE = {"eval", "exec", "compile", "os.system", "os.popen"}
UNPICKLING = {"pickle.load", "pickle.loads", "torch.load", "joblib.load", "pd.read_pickle"}
WALL_CLOCK = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "date.today"}
WRITING = {"write_text", "write_bytes", "savefig", "to_csv", "save_file", "open_memmap", "touch"}
WRITING |= {"np.save", "np.savez", "torch.save", "json.dump", "pickle.dump", "yaml.dump"}
MOVING = {"rename", "os.replace", "os.rename", "shutil.move", "shutil.copy", "shutil.copyfile"}
#: What may write without `atomic`, and why.
EXCEPTIONS = {
    "datasets/download.py": "a part that is gone on with, renamed when its digest is right",
    "datasets/prepare.py": "whole folders, made elsewhere and renamed",
}


@cache
def calls() -> list[tuple[str, ast.Call, bool]]:
    """Every call: its file, itself, and whether it is in a block of ``with atomic(...)``."""
    found: list[tuple[str, ast.Call, bool]] = []
    for file in sorted(SOURCES.rglob("*.py")):
        tree, name = ast.parse(file.read_text(encoding="utf-8")), file.relative_to(SOURCES)
        blocks = [node for node in ast.walk(tree) if isinstance(node, ast.With) and atomic(node)]
        inside = {id(node) for block in blocks for node in ast.walk(block)}
        here = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        found += [(name.as_posix(), call, id(call) in inside) for call in here]
    return found


def atomic(block: ast.With) -> bool:
    """Whether a block is one of ``with atomic(...)``."""
    return any(ast.unparse(item.context_expr).startswith("atomic(") for item in block.items)


def named(call: ast.Call, names: set[str]) -> bool:
    """Whether a call is of one of ``names``: `np.save`, or a method such as `write_text`."""
    said = ast.unparse(call.func)
    method = isinstance(call.func, ast.Attribute) and call.func.attr in names
    return said in names or method


def writes(call: ast.Call) -> bool:
    """Whether a call writes or moves a file."""
    if named(call, {"open"}):
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        words = [word.value for word in given if isinstance(word, ast.Constant)]
        return any(re.fullmatch(r"[rbt]*[wax+][bt+]*", str(word)) for word in words)
    # Of a frame, `to_csv(index=False)` returns a text, and `rename(columns=...)` a frame.
    of_frame = named(call, {"to_csv", "rename"}) and not call.args
    return named(call, WRITING | MOVING) and not of_frame


@pytest.mark.fault(
    "a write that is cut short, anywhere",
    "every file of metabench is written beside its place and renamed: whole or absent",
    "that write",
)
def test_every_write_is_atomic() -> None:
    found = {
        file
        for file, call, inside in calls()
        # `write_text` of metabench.files.whole is a plain name, and a method only of a path.
        if writes(call) and not inside and not isinstance(call.func, ast.Name)
    }
    assert found == {*EXCEPTIONS}


def test_the_check_of_writes_sees_a_write() -> None:
    for code in ("path.write_text('')", "open('a', 'w')", "np.save(a, b)", "path.open(mode='ab')"):
        assert writes(ast.parse(code).body[0].value), code
    for code in (
        "open('name')",
        "path.open('rb')",
        "frame.to_csv(index=False)",
        "frame.rename(columns={})",
        "path.read_text()",
    ):
        assert not writes(ast.parse(code).body[0].value), code


@pytest.mark.fault(
    "a pickle that is a program, in place of a model",
    "nothing unpickles: models are safetensors, and pickles of data are read without being run",
    "nothing",
)
def test_nothing_is_unpickled_or_evaluated() -> None:
    for file, call, _ in calls():
        said = ast.unparse(call.func)
        assert said not in UNPICKLING, f"{file}:{call.lineno}"
        assert said not in CODE or (file, said) in PERMITTED, f"{file}:{call.lineno}"
        assert not any(k.arg == "shell" for k in call.keywords), f"{file}:{call.lineno}"
        assert "allow_pickle=True" not in ast.unparse(call), f"{file}:{call.lineno}"


PERMITTED = {("tape/writing.py", "exec"), ("tape/writing.py", "compile")}  # what it wrote itself


def test_the_wall_clock_is_asked_nowhere() -> None:
    assert [f"{f}:{c.lineno}" for f, c, _ in calls() if ast.unparse(c.func) in WALL_CLOCK] == []
