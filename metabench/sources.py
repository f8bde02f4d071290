"""The code that a result depends on: a module, and what it imports of its package and of ours.

Comments and docstrings are no part of it: to say better what is done is not to do something else.
Imports are read in the source, without importing anything: those inside functions are found, torch
is not loaded, and what a module happens to have loaded by now plays no part.
"""

from __future__ import annotations

import ast
import io
import tokenize
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

from metabench.errors import MetabenchError
from metabench.files.whole import content_digest

OURS = "metabench"


def source_digest(*modules: str) -> str:
    """The sha256 of the code of ``modules`` and of what they import, directly or not.

    What counts is in the package of one of ``modules``, or in metabench; other libraries have
    versions, which results note. A package's ``__init__.py`` counts where it is imported from by
    name, and not because a module lies in its folder.
    """
    sources = source_files(*modules)
    return content_digest(*(code_of(source_text(sources[name])) for name in sorted(sources)))


def own_digest(module: str) -> str:
    """The sha256 of the code of ``module`` alone; nothing where it is not found."""
    file = _file(module)
    return content_digest(code_of(source_text(file))) if file else ""


def source_files(*modules: str) -> dict[str, Path]:
    """By name: the files of ``modules`` and of what they import, directly or not."""
    packages = {OURS, *(name.partition(".")[0] for name in modules)}
    found: dict[str, Path] = {}
    to_look_at = list(modules)
    while to_look_at:
        name = to_look_at.pop()
        file = _file(name)
        if name in found or file is None:
            continue
        found[name] = file
        inside = name if file.name == "__init__.py" else name.rpartition(".")[0]
        for module, imported in _imports(file, inside):
            if module.partition(".")[0] in packages:
                inner = f"{module}.{imported}"  # `from package import module`, perhaps
                to_look_at.append(inner if imported and _file(inner) else module)
    return found


@cache
def code_of(source: str) -> str:
    """A module without its docstrings, comments and empty lines.

    They are cut out of the text, which is the same for every version of Python; what a parser
    makes of it is not.
    """
    lines, gone = source.split("\n"), set[int]()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())) if _stands_alone(node, lines):
                gone.update(range(node.lineno - 1, node.end_lineno or node.lineno))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        number, column = token.start[0] - 1, token.start[1]
        if token.type == tokenize.COMMENT:
            lines[number] = lines[number][:column].rstrip()
        if token.type == tokenize.NL and not lines[number].strip():
            gone.add(number)
    return "\n".join(line for number, line in enumerate(lines) if number not in gone)


def _stands_alone(node: ast.Expr, lines: list[str]) -> bool:
    """Whether a statement has its lines for itself."""
    first, last = lines[node.lineno - 1], lines[(node.end_lineno or node.lineno) - 1]
    before, after = first[: node.col_offset], last.encode()[node.end_col_offset :]
    return not before.strip() and not after.partition(b"#")[0].strip()


def _file(name: str) -> Path | None:
    """The source of a module, found without importing its packages."""
    top, *rest = name.split(".")
    spec: ModuleSpec | None = find_spec(top)
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = PathFinder.find_spec(f"{spec.name}.{part}", spec.submodule_search_locations)
    origin = (spec and spec.origin) or ""
    return Path(origin) if origin.endswith(".py") else None


def source_text(file: Path) -> str:
    """The source in ``file``, in whichever code it says it is in."""
    with tokenize.open(file) as stream:
        return stream.read()


def _imports(file: Path, package: str) -> tuple[tuple[str, str], ...]:
    """(module, name) of what the module in ``file`` imports; "" for a module as a whole."""
    try:
        return _imported(source_text(file), package)
    except (SyntaxError, ValueError) as error:  # the latter where a byte is of another code
        raise MetabenchError(f"{file}: not Python: {error}") from None


@cache
def _imported(source: str, package: str) -> tuple[tuple[str, str], ...]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            relative = [*above, *([node.module] if node.module else [])]
            module = ".".join(relative) if node.level else str(node.module)
            found += [(module, alias.name) for alias in node.names]
    return tuple(dict.fromkeys(found))
