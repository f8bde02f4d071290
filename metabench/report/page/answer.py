"""The answer in three sentences, from the numbers and from nothing else."""

from __future__ import annotations

import math

import pandas as pd

from metabench.report import formats
from metabench.report.numbers import judged_by
from metabench.report.page.judged import Setting, counted, is_seen, margin, settings, verdict
from metabench.report.tables.pairs import differs_in

WORDS = {
    "better": "beats",
    "worse": "loses to",
    "no": "is not told apart from",
    "too": "cannot be told apart, on so few episodes, from",
}
# What is said where one beats the other: a difference that is not seen cannot stand or fall.
TRAINED_AGAIN = {
    "stands": ", and would be expected to if all were trained again (one comparison at 5 %)",
    "open": ", but might not if all were trained again",
    "one seed": ", and with one training seed nothing is known of training again",
    "a training diverged": ", but a training diverged, and so might others",
    "unknown": "; whether it would if all were trained again is not known",
}
ALL_TRAINED_AGAIN = {
    "stands": "; each would be expected to stand if all were trained again (one by one, at 5 %)",
    "open": "; none is sure to stand if all were trained again",
    "one seed": "; with one training seed nothing is known of training again",
    "a training diverged": "; a training of each diverged, and so might others",
    "unknown": "; whether they would stand if all were trained again is not known",
}
SHOWN = 4  # settings that a sentence lists


def answers(results: pd.DataFrame, paired: pd.DataFrame, shares: str) -> list[str]:
    """Whether meta-learning wins; by how much and how sure; how it was measured.

    In each setting the best meta-learner stands for meta-learning and the strongest row of
    pre-training for pre-training. Nothing where no run has finished.

    Args:
        results: numbers of the table ``results``.
        paired: numbers of the table ``paired``.
        shares: what ``cut_down`` says.
    """
    found = list(settings(results, paired))
    if not found:
        return []
    compared = [each for each in found if verdict(each.pair(each.rival)) in WORDS]
    return [_whether(found, compared), _by_how_much(compared), _how(found, compared, shares)]


def _whether(found: list[Setting], compared: list[Setting]) -> str:
    by_word: dict[str, list[str]] = {word: [] for word in WORDS}
    for each in compared:
        by_word[verdict(each.pair(each.rival))].append(each.name)
    won, among = len(by_word["better"]), len(compared)
    left = len(found) - among
    tail = f" ({left} more cannot be compared: {_why(found, compared)})" if left else ""
    if not compared:
        return f"Whether meta-learning beats pre-training is not known here: {_why(found, [])}."
    where = "; ".join(
        f"it {WORDS[word]} pre-training on {_listed(names)}"
        for word, names in by_word.items()
        if names
    )
    start = "Yes" if won == among else "In part" if won else "No"
    if not won and (by_word["no"] or by_word["too"]):
        start = "That is not seen here"
    score = f"meta-learning, by its best algorithm, wins {won} of {among} settings"
    return f"{start}: {score}{tail}; {where}."


def _why(found: list[Setting], compared: list[Setting]) -> str:
    names = [each.name for each in compared]
    reasons: dict[str, list[str]] = {}
    for each in found:
        if each.name not in names:
            reason = "no pre-training" if each.baseline is None else "no meta-learner"
            if each.baseline is not None and each.rival is not None:
                reason = "no interval"
            reasons.setdefault(reason, []).append(each.name)
    return "; ".join(f"{reason} on {_listed(where)}" for reason, where in reasons.items())


def _by_how_much(compared: list[Setting]) -> str:
    if not compared:
        return "So there is no paired difference to show."
    few = len(compared) <= SHOWN
    shown = compared if few else [*_by_clearness(compared)[:2], *_by_clearness(compared)[-2:]]
    among = "" if few else f" (the two closest and the two clearest of {len(compared)} settings)"
    clear = all(is_seen(each.pair(each.rival)) for each in shown)
    each = "the difference" if len(shown) == 1 else "each difference"
    sure = f"; {each} is larger than chance over episodes" if clear else ""
    with_counts, alike = _counted(shown)
    return (
        f"On the same{alike}, with 95 % intervals of the mean difference{among}: "
        f"{_sentences(shown, with_counts)}{sure}."
    )


def _counted(shown: list[Setting]) -> tuple[bool, str]:
    """Whether each setting must say how many episodes it has; else what all have, said once."""
    counts = {counted(each.pair(each.rival), "test episodes") for each in shown}
    return (True, " test episodes") if len(counts) > 1 else (False, f" {counts.pop()}")


def _sentences(shown: list[Setting], with_counts: bool) -> str:
    """The settings one after another; what holds for training all of them again is said once."""
    pairs = [each.pair(each.rival) for each in shown]
    again = [str(pair["again"]) if is_seen(pair) else "" for pair in pairs]
    said = [_pair(each, with_counts) for each in shown]
    if len(shown) > 1 and len(set(again)) == 1:
        return "; ".join(said) + ALL_TRAINED_AGAIN.get(again[0], "")
    told = zip(said, again, strict=True)
    return "; ".join(one + TRAINED_AGAIN.get(then, "") for one, then in told)


def _pair(each: Setting, with_count: bool) -> str:
    pair = each.pair(each.rival)
    word = WORDS[verdict(pair)]
    by = " by" if is_seen(pair) else ":"
    count = f", {counted(pair)}" if with_count else ""
    other = differs_in(pair, "baseline")
    apart = f" (they differ in {other})" if other else ""
    return (
        f"on {each.name}, {each.rival['title']} {word} “{each.baseline['title']}”{apart}{by} "
        f"{margin(pair)}{count}"
    )


def _by_clearness(compared: list[Setting]) -> list[Setting]:
    """The settings by how many half-widths their difference is from zero."""

    def clearness(each: Setting) -> float:
        pair = each.pair(each.rival)
        value, half = (float(pair[name]) for name in judged_by(pair, "difference"))
        return abs(value) / half if half else math.inf if value else 0.0

    return sorted(compared, key=clearness)


def _how(found: list[Setting], compared: list[Setting], shares: str) -> str:
    everything = pd.concat([each.rows for each in found])
    both = [row for each in compared for row in (each.rival, each.baseline)]
    rows = pd.DataFrame(both) if both else everything
    modes = list(dict.fromkeys(map(str, rows["mode"])))
    fair = "transductive" not in modes
    how = "no prediction sees another query" if fair else "some predictions see other queries"
    return (
        f"These algorithms were tested in mode {_listed(modes)} ({how}){_seeds(rows)}; "
        f"{_agreement(everything, shares)}."
    )


def _seeds(rows: pd.DataFrame) -> str:
    """From how many seeds the trained ones of these were trained, also where that diverged."""
    trained = rows[rows["iterations"].fillna(0) > 0]
    if trained.empty:
        return ""
    seeds = trained["seeds"] + trained["diverged_seeds"]
    return f" and trained from {formats.seeds(int(seeds.min()), int(seeds.max()))}"


def _agreement(rows: pd.DataFrame, shares: str) -> str:
    said = [text for text in rows["beside"] if text]
    counts = {
        "agree": said.count("reproduced"),
        "differ": said.count("above") + said.count("below"),
        "are undecided": said.count("undecided"),
    }
    tested = sum(counts.values())
    if not said:
        return f"{shares}; no published number stands beside ours".removeprefix("; ")
    if not tested:
        none = f"none of the {len(said)} published numbers beside ours is tested here"
        return f"{shares}; {none}".removeprefix("; ")
    counts["are not tested here"] = len(said) - tested
    told = _listed([f"{count} {what}" for what, count in counts.items() if count])
    return f"{shares}; of {len(said)} published numbers beside ours {told}".removeprefix("; ")


def _listed(names: list[str]) -> str:
    if len(names) > SHOWN:
        return f"{len(names)} settings"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
