"""Which algorithms of a setting are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

Cell = tuple[str, str]  # algorithm and mode
Pair = tuple[Cell, Cell]
Choice = Callable[[Sequence[Cell]], list[Pair]]  # of pairs among the cells of a setting


def against(baselines: Iterable[str]) -> Choice:
    """Each algorithm with each baseline.

    The baseline is taken in the algorithm's mode where it has it, otherwise in its first of that
    kind, transductive or not, and else in its first. Two baselines meet once.
    """
    wanted = list(baselines)

    def pairs(cells: Sequence[Cell]) -> list[Pair]:
        found = []
        for algorithm, mode in cells:
            for baseline in wanted:
                modes = [m for name, m in cells if name == baseline]
                if modes and algorithm not in wanted[: wanted.index(baseline) + 1]:
                    like = [m for m in modes if _of_one_kind(m, mode)]
                    same = mode if mode in modes else [*like, *modes][0]
                    found.append(((algorithm, mode), (baseline, same)))
        return found

    return pairs


def among(without: Iterable[str]) -> Choice:
    """Every two algorithms that are not among ``without``, transductive rows with their like."""
    left_out = set(without)

    def pairs(cells: Sequence[Cell]) -> list[Pair]:
        kept = [cell for cell in cells if cell[0] not in left_out]
        return [
            (ours, theirs)
            for i, ours in enumerate(kept)
            for theirs in kept[i + 1 :]
            if ours[0] != theirs[0] and _of_one_kind(ours[1], theirs[1])
        ]

    return pairs


def _of_one_kind(mode: str, other: str) -> bool:
    """Whether queries see each other in both, or in neither."""
    return (mode == "transductive") == (other == "transductive")
