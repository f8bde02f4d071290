"""The code of a result is its module and what that imports, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from metabench.errors import MetabenchError
from metabench.networks.build import module_of
from metabench.sources import code_of, own_digest, source_digest, source_files

FILES = {
    "mine/__init__.py": "from mine.unused import anything",
    "mine/start.py": "import torch, mine.whole\nfrom .near import f\nfrom mine import part, NAME",
    "mine/near.py": "def f():\n    from .inside import g",
    "mine/inside.py": "from metabench import trees",
    "mine/part.py": "import mine.start",  # a circle
    "mine/whole.py": "",
    "mine/unused.py": "",
    "mine/lonely.py": "",
}


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / "mine"


def test_all_that_is_imported_counts_wherever_the_import_stands(mine: Path) -> None:
    near = {"mine.start", "mine.near", "mine.inside", "mine.part", "mine.whole"}
    # mine/__init__.py has NAME, and imports `unused`; torch is another's.
    assert set(source_files("mine.start")) - near == {"mine", "mine.unused", "metabench.trees"}


def test_an_edit_of_what_is_imported_changes_the_digest_and_no_other_does(mine: Path) -> None:
    before = source_digest("mine.near")
    (mine / "lonely.py").write_text("edited = True")
    assert source_digest("mine.near") == before
    (mine / "near.py").write_text("edited = True")
    assert source_digest("mine.near") != before


def test_a_module_s_own_code_is_not_what_it_imports(mine: Path) -> None:
    before = own_digest("mine.near"), own_digest("mine.inside")
    (mine / "inside.py").write_text("edited = True")
    assert own_digest("mine.near") == before[0]
    assert own_digest("mine.inside") != before[1]
    assert own_digest("mine.nowhere") == ""


CODE = '''
def f(x):
    text = """kept

    # kept"""
    return x + "# kept"
'''
SAME = '''
"""What the module is."""
# Why.

def f(x):  # why
    """What it does.

    At length.
    """

    text = """kept

    # kept"""
    # Why.
    return x + "# kept"  # why
'''


def test_comments_docstrings_and_empty_lines_are_no_part_of_the_code() -> None:
    assert code_of(CODE) == code_of(SAME) == CODE.lstrip()


@pytest.mark.parametrize(
    ("old", "new"),
    [("return x", "return -x"), ("kept\n\n", "kept\n"), ('x + "# kept"', 'x + "# gone"')],
)
def test_all_else_is(old: str, new: str) -> None:
    assert code_of(SAME) != code_of(SAME.replace(old, new))


def test_a_text_that_shares_its_line_with_code_stays() -> None:
    source = 'def f(): "one line"\n"""text"""; x = 1'
    assert code_of(source) == source


def test_a_source_may_be_in_another_code_and_has_to_be_python(mine: Path) -> None:
    (mine / "near.py").write_bytes("# coding: latin-1\nname = 'größe'".encode("latin-1"))
    assert len(source_digest("mine.near")) == 64
    for broken in (b"def", b"name = '\xf6'"):
        (mine / "near.py").write_bytes(broken)
        with pytest.raises(MetabenchError, match=r"mine/near\.py: not Python: "):
            source_digest("mine.near")


@pytest.mark.parametrize(
    ("module", "has", "has_not"),
    [
        ("fomaml", "algorithms.maml", "algorithms.reptile"),
        ("maml", "inner_loop", "pretraining"),
        ("maml", "recomputed", "learning.training"),  # imported inside a function
        ("pretrain_head", "pretraining", "algorithms.maml"),
        ("pretrain_head", "inner_loop", "parts.conjugate_gradient"),
        ("pretrain_finetune", "pretraining", "algorithms.pretrain_head"),
        ("imaml", "parts.conjugate_gradient", "report.formats"),
    ],
)
def test_an_algorithm_depends_on_the_shared_modules_that_it_uses(
    module: str, has: str, has_not: str
) -> None:
    found = source_files(f"metabench.algorithms.{module}", "metabench.networks.conv4")
    assert f"metabench.{has}" in found
    assert f"metabench.{has_not}" not in found
    assert "metabench.networks.convolution" in found
    assert "metabench" not in found  # a new version number is no new code


@pytest.mark.parametrize(
    ("backbone", "network", "other"),
    [("mlp-40-40", "mlp", "convolution"), ("conv4-8", "convolution", "mlp")],
)
def test_a_run_depends_on_its_own_network_alone(backbone: str, network: str, other: str) -> None:
    found = source_files("metabench.algorithms.maml", module_of(backbone))
    assert f"metabench.networks.{network}" in found
    assert f"metabench.networks.{other}" not in found


@pytest.mark.parametrize("name", ["page.captions", "tables.captions", "page.answer"])
def test_what_the_page_says_in_words_is_of_the_page_alone(name: str) -> None:
    writers = ["results", "tables.write", "figures.write", "page.write"]
    depend = [
        w for w in writers if f"metabench.report.{name}" in source_files(f"metabench.report.{w}")
    ]
    assert depend == ["page.write"]


def test_what_is_looked_at_is_not_imported() -> None:
    code = (
        "import sys; from metabench.sources import source_files;"
        "found = source_files('metabench.learning.training');"
        "sys.exit(len(found) < 20 or 'torch' in sys.modules or 'metabench.learning' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
