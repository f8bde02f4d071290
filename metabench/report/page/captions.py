"""What stands below each figure: words here, and the facts of a drawing from ``facts.json``.

No figure imports this, so an edit of a caption writes the page again and draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

NO_STEPS = "no run recorded its predictions after inner steps."


def caption(name: str, facts: dict[str, Any]) -> str:
    """The caption of the figure ``name``, such as ``steps-sinusoid``."""
    return CAPTIONS[name.partition("-")[0]](**facts)


def curves(dataset: str, shot: int, episode: int, chosen_by: str) -> str:
    """Of one task before and after adaptation."""
    if not chosen_by:
        return f"{dataset}: {NO_STEPS}"
    return (
        f"One test task of {dataset} ({shot}-shot): target, support points, and the network's "
        f"prediction before and after gradient steps on the support points. Of all test tasks it "
        f"is the one with the median error of {chosen_by}: episode {episode}, not chosen by eye."
    )


def accuracy(dataset: str) -> str:
    """Of all scores on images."""
    return (
        f"{dataset}: accuracy of every algorithm. The marker is the mean and its bar the 95 % "
        "interval over test episodes, or over clusters of them; the small dots below are the "
        "training seeds' means, which show how far the outcome moves when training is repeated. "
        "Filled: no query's prediction depends on another query. Hollow: all queries of an episode "
        "see each other (transductive). Tall ticks are the papers' numbers, often on "
        "another split."
    )


def error(dataset: str) -> str:
    """Of all scores in regression."""
    return (
        f"{dataset}: mean squared error of every algorithm after the last inner step (lower is "
        "better). The marker is the mean and its bar the 95 % interval over test episodes; the "
        "small dots below are the training seeds' means. Where an episode diverged in a panel, all "
        "its means are trimmed by the lowest and the highest tenth of the episodes. Tall ticks are "
        "the papers' plain means."
    )


def ranks(tests: str, missing: list[str], ranked: bool, shared: bool) -> str:
    """Of average ranks; ``tests`` says what was tested and how it came out.

    ``shared``: settings that are tested on the models of another are among them.
    """
    if not ranked:
        return tests
    text = (
        "Average ranks over all settings, 1 the best; a dark bar joins those that are not told "
        f"apart. {tests} Each setting counts once, by the mean over seeds and "
        "episodes (the trimmed one where an episode of regression diverged), without transductive "
        "rows. Settings of one data set share its classes or functions"
        f"{', and here trained models too' * shared}, and the tests take them for independent."
    )
    if missing:
        text += f" Left out, because some setting has no score of theirs: {'; '.join(missing)}."
    return text


def cost(dataset: str, task: str) -> str:
    """Of scores against costs."""
    best = "lower left" if task == "regression" else "upper left"
    return (
        f"{dataset}: the score against what it cost; {best} is better. Upright bars are 95 % "
        f"intervals over test episodes, or over clusters of them, level ones the lowest and the "
        f"highest training seed. Ringed marks on the line are the front: no other algorithm costs "
        f"as little and scores as well. Hollow marks are transductive and stand apart from it; "
        f"they have the name of their full mark. A Hessian-vector product counts as two gradients; "
        f"memory is of the whole process, or of the GPU."
    )


def steps(dataset: str, task: str, seeds: str) -> str:
    """Of the score after each inner step; ``seeds`` says how many, nothing where none recorded."""
    if not seeds:
        return f"{dataset}: {NO_STEPS}"
    score = "mean squared error (lower is better)" if task == "regression" else "accuracy"
    text = (
        f"{dataset}: {score} after each inner step on the support set, mean over {seeds}. "
        f"Bars are 95 % intervals over test episodes, or over clusters of them (the seeds' mean), "
        f"not the spread over seeds."
    )
    if task == "regression":
        text += (
            " The trimmed mean leaves out the lowest and the highest tenth of the episodes; the "
            "plain mean is what papers print (hollow circles); where tasks diverged "
            "it may lie above the panel or be infinite, and its line breaks off; the "
            "right panel says how many episodes of all seeds diverged by the last step."
        )
    return text


def training(dataset: str) -> str:
    """Of meta-training curves."""
    return (
        f"{dataset}: meta-training. Score on the fixed validation episodes against iterations "
        f"(left) and against seconds (right), from the untrained parameters on; a thin line is one "
        f"training seed, a bold one the seeds' mean; a cross is where a run diverged. Axes are "
        f"logarithmic where the algorithms' lengths differ more than tenfold."
    )


def episodes(dataset: str, setting: str, shown: int, all_episodes: int, queries: int) -> str:
    """Of a sheet of test episodes."""
    return (
        f"{dataset}: the first {shown} of {all_episodes} test episodes ({setting}). A row is a "
        f"class; its support drawings stand apart on the left, and up to {queries} of its queries "
        f"follow. A learner sees the queries unlabelled and shuffled."
    )


CAPTIONS: dict[str, Callable[..., str]] = {
    "curves": curves,
    "accuracy": accuracy,
    "error": error,
    "ranks": ranks,
    "cost": cost,
    "steps": steps,
    "training": training,
    "episodes": episodes,
}
