"""Why a run is not there, in the words of its logs."""

from __future__ import annotations

from pathlib import Path

from metabench.files.whole import write_text
from metabench.report.partial import last_words


def test_a_run_that_waits_for_the_model_of_another_says_how_far_that_is(tmp_path: Path) -> None:
    run, model = tmp_path / "pretrain_finetune", tmp_path / "pretrain_head"
    assert last_words(run, model) == "not begun"
    write_text(model / "train.log", "begun\n\rpretrain_head seed 0:  16%|█▌  | 95/600 [00:20<2:55]")
    told = "no result; its log ends: pretrain_head seed 0:  16%  95/600 [00:20<2:55]"
    assert last_words(run, model) == told
    write_text(run / "evaluate.log", "metabench: error: out of memory\n")
    assert last_words(run, model).endswith("ends: metabench: error: out of memory")
