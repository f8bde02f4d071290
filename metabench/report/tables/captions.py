"""What each table is called and how it is read. A table without an entry has its name alone."""

from __future__ import annotations

TITLES = {
    "summary": "Summary",
    "paired": "Against pre-training, on the same episodes",
    "comparisons": "Against each other, on the same episodes",
    "ranks": "Average ranks",
    "results": "All results",
    "published": "Beside the published numbers",
    "steps": "After each inner step",
    "cost": "Cost",
    "gaps": "Runs that are not here",
}
CAPTIONS = {
    "summary": (
        "± is the 95 % interval of the mean over test episodes (Student’s t, the episode is the "
        "unit, scores averaged over training seeds first; where a data set says which of its "
        "episodes belong together, the unit is such a cluster, here and in whatever else is said "
        "to be over episodes). Bold: best of a column, transductive rows apart: they let the "
        "queries of an episode see each other, mostly by batch normalisation. “Trimmed” is the "
        "mean without the lowest and the highest tenth of the episodes, shown where episodes of "
        "regression diverged: where the adapted network’s error is not finite, or a hundred times "
        "that of predicting zero. In classification an episode “had no answer” where the outputs "
        "for some query were no numbers; that query counts as wrong. A run whose loss was not "
        "finite has no number: it says at which iteration it "
        "diverged."
    ),
    "paired": (
        "Algorithm minus baseline, episode by episode: points of accuracy (higher is better) or "
        "mean squared error (lower is better). The mode in brackets is that of each. Where the "
        "two differ in network or in how training images are altered, the difference is of these "
        "too. “Both” are training seeds and episodes together, and “trained again” says whether "
        "that interval leaves zero out. Wins, ties and losses are episodes. p-values are "
        "corrected for all rows of a setting; the verdict goes by the sign flips, and where an "
        "episode of regression diverged by the test of the trimmed mean. “Too few episodes to "
        "tell”: with so few, or so few clusters of them, no difference whatever would be told "
        "from chance. “Episodes needed” is how many a study needs, in clusters as large "
        "where they come in such, to find such a difference in four of five cases by itself."
    ),
    "comparisons": (
        "Every two algorithms but pre-training, transductive rows apart: as against pre-training, "
        "and corrected over the rows of a setting here."
    ),
    "ranks": (
        "Where there are ranks, 1 is the best, and their figure says what tests are behind them."
    ),
    "results": (
        "Accuracy in %, or mean squared error. The interval over episodes and the spread over "
        "training seeds are different things: the first is about the test episodes, for the models "
        "that were trained; the second, its standard deviation (SD) and the 95 % interval of the "
        "mean over seeds, is about training again. “Both” is the interval of the mean over seeds "
        "and episodes at once; with one seed there is none. Digest: the first eight figures of the "
        "test episodes’ sha256. Published numbers marked “other split” used other test classes, "
        "and those “from memory” were not read in their source; none but those of Omniglot’s "
        "one-shot challenge used these episodes."
    ),
    "published": (
        "“Reproduced”: the 95 % interval of the difference has zero in it. It joins ours, over "
        "test episodes and, where there are several, training seeds, with the paper’s own, or "
        "where it has none with one as wide as ours, and with what was rounded. “Undecided”: it "
        "has, and is too wide for that to say anything, or ours is infinite. “Above” and “below” "
        "are of the number. “Not comparable” numbers are of another metric, split, backbone, mode "
        "or number of queries, of training images altered otherwise, of a part of the data, of "
        "fewer seeds than were trained, of a training of unknown length or with hyperparameters "
        "of the study’s own, or were not read in their source, or ours has no interval; what was "
        "not run in full is never called reproduced."
    ),
    "steps": (
        "± is the mean of the seeds’ 95 % intervals over episodes, which is never narrower than "
        "that of their mean."
    ),
    "cost": (
        "A run, mean over training seeds. In brackets: the share of the published iterations. "
        "Gradients (examples) are those of the whole meta-training."
    ),
}


def title(name: str) -> str:
    """The heading of a table."""
    return TITLES.get(name, name.replace("_", " ").capitalize())
