"""What an algorithm says of itself: its yaml, its module's docstring, its fields' texts.

Sources are read, never imported: a report needs no torch.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from metabench.label import own_name
from metabench.sources import source_files, source_text
from metabench.study.yaml_file import read_mapping

COMMON = "metabench.hyperparameters"


@dataclass(frozen=True)
class Described:
    """An algorithm in words; empty where nothing is said."""

    about: str = ""  # one sentence
    paper: str = ""
    docstring: str = ""
    fields: dict[str, str] = field(default_factory=dict)  # hyperparameter -> what it is


def describe(name: str, folders: Sequence[Path]) -> Described:
    """The algorithm ``name`` of the first folder that has its file, whatever its label."""
    files = [folder / "algorithms" / f"{own_name(name)}.yaml" for folder in folders]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        return Described()
    values = read_mapping(file)
    module = str(values.get("class", "")).partition(":")[0]
    sources = source_files(module) if module else {}
    docstring = ast.get_docstring(_tree(sources[module])) if module in sources else None
    own = [path for known, path in sources.items() if known != COMMON]
    shared = [sources[COMMON]] if COMMON in sources else []
    fields: dict[str, str] = {}
    for path in [*shared, *reversed(own)]:  # the algorithm's own words go over all others
        fields |= field_texts(_tree(path))
    return Described(
        about=str(values.get("about", "")) or (docstring or "").partition("\n")[0],
        paper=str(values.get("paper", "")),
        docstring=docstring or "",
        fields=fields,
    )


def field_texts(tree: ast.Module) -> dict[str, str]:
    """By name: the texts of the fields that ``setting(default, text)`` makes."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            match node.value:
                case ast.Call(func=ast.Name(id="setting"), args=[_, ast.Constant(value=str(text))]):
                    found[node.target.id] = text
    return found


def _tree(path: Path) -> ast.Module:
    return ast.parse(source_text(path))
