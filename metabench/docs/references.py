"""docs/references.bib: the papers that the algorithms' docstrings cite."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from metabench.docs.sources import Described
from metabench.errors import MetabenchError

HEAD = "% Made from the docstrings of the algorithms by `make docs`; do not edit.\n"
# Surnames (year), "title", and whatever says where it is before the next quotation.
CITATION = re.compile(r'([A-Z][^.;:()"]*?( et al\.)?) \((\d{4})\), "([^"]+)"([^"]{0,90})')
PLACES = {
    r"arXiv:(\d+\.\d+)": "  eprint = {%s},\n  archiveprefix = {arXiv},\n",
    r"doi:([^\s,;]+)": "  doi = {%s},\n",
    r"(openreview\.net/forum\?id=[\w-]+)": "  url = {https://%s},\n",
}


@dataclass(frozen=True)
class Paper:
    """One work."""

    authors: tuple[str, ...]  # surnames; "others" stands for the rest
    year: str
    title: str
    place: str  # as a field of BibTeX

    @property
    def key(self) -> str:
        """``finn2017``."""
        return re.sub(r"\W", "", self.authors[0]).lower() + self.year


def references(described: Sequence[Described]) -> str:
    """The file as BibTeX, by key."""
    found: dict[str, Paper] = {}
    for one in described:
        for paper in papers(one):
            known = found.setdefault(paper.key, paper)
            if "others" in known.authors:  # another file may name them all
                found[paper.key] = paper
    return HEAD + "".join(_entry(found[key]) for key in sorted(found))


def papers(one: Described) -> Iterable[Paper]:
    """What a docstring cites with a title.

    Raises:
        MetabenchError: where nothing says where the paper is.
    """
    text = " ".join(one.docstring.split())
    for names, rest, year, title, after in CITATION.findall(text):
        authors = tuple(re.split(r", | and ", names.removesuffix(rest)))
        place = _place(after) or _place(one.algorithm.paper)
        if not place:
            raise MetabenchError(f"{one.source}: nothing says where “{title}” is; arXiv:... is")
        yield Paper((*authors, "others") if rest else authors, year, title, place)


def _place(text: str) -> str:
    matches = ((re.search(pattern, text), field) for pattern, field in PLACES.items())
    return next((field % match[1] for match, field in matches if match), "")


def _entry(paper: Paper) -> str:
    authors = " and ".join(f"{{{name}}}" if " " in name else name for name in paper.authors)
    return (
        f"\n@misc{{{paper.key},\n  author = {{{authors}}},\n  title = {{{{{paper.title}}}}},\n"
        f"  year = {{{paper.year}}},\n{paper.place}}}\n"
    )
