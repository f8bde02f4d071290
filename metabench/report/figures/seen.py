"""A figure in words, for those who cannot see it: read off the figure itself."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend


def seen(figure: Figure) -> str:
    """How many panels there are, what their axes say, and what the legend names."""
    panels = [axes for axes in figure.axes if axes.axison and axes.get_visible()]
    if not panels:
        return _pictures(figure)
    kinds = list(dict.fromkeys(_panel(axes) for axes in panels))
    count = "A chart" if len(panels) == 1 else f"{len(panels)} charts"
    legends: list[Legend] = [*figure.legends]
    legends += [legend for axes in panels if (legend := axes.get_legend()) is not None]
    names = dict.fromkeys(text.get_text() for legend in legends for text in legend.get_texts())
    shown = f" Shown: {', '.join(names)}." if names else ""
    return f"{count}: {'; '.join(kinds)}.{shown}"


def _pictures(figure: Figure) -> str:
    titles = [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes]
    named = "; ".join(dict.fromkeys(title.replace("\n", " ") for title in titles if title))
    count = sum(bool(axes.images) for axes in figure.axes)
    return f"Pictures in {count} panels. {named}" if count else "An empty figure that says why."


def _panel(axes: Axes) -> str:
    title = axes.get_title(loc="left") or axes.get_title()
    across, up = axes.get_xlabel(), axes.get_ylabel()
    rows = [label.get_text() for label in axes.get_yticklabels() if _is_name(label.get_text())]
    what = f"{up} against {across}" if across and up else across or up
    named = f" for {', '.join(rows)}" if rows else ""
    return ", ".join(part for part in (title.replace("\n", " "), f"{what}{named}".strip()) if part)


def _is_name(text: str) -> bool:
    return any(sign.isalpha() for sign in text)
