"""A docstring as HTML: paragraphs, and its indented blocks as equations."""

from __future__ import annotations

import inspect
import re
import textwrap

from markupsafe import Markup, escape

GREEK = {
    "alpha": "α",
    "beta": "β",
    "epsilon": "ε",
    "eta": "η",
    "lambda": "λ",
    "phi": "φ",
    "sigma": "σ",
    "tau": "τ",
    "theta": "θ",
    "xi": "ξ",
}
SIGNS = {
    "<-": "←",
    "->": "→",
    ">=": "≥",
    "<=": "≤",
    "...": "…",
    "||": "‖",
    "-": "−",
    " o ": " ∘ ",
    " . ": " · ",
}
CODE = re.compile(r"(`+)(.+?)\1", re.S)
# A name or one sign, and the index or the power that hangs on it: `theta_{i+1}`, `x^2`, `h^_k`.
TOKEN = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<hang>\^(?=_)|[_^](?:\{(?:[^{}]|\{[^{}]*\})*\}|-?\w+))"
    r"|(?P<sign><-|->|>=|<=|\.\.\.|\|\||(?<!\w)-|-(?!\w)| o | \. )|(?P<rest>.)",
    re.S,
)
EQUATION = '<p class="equation" role="region" aria-label="Equation" tabindex="0">{}</p>'
LETTER = r"[A-Za-z]|" + "|".join(GREEK)
IN_PROSE = re.compile(
    rf"\b(?:{LETTER})(?:[_^](?:\{{[^{{}}]*\}}|\w+))|\b(?:grad|{'|'.join(GREEK)})\b"
)


def docstring_html(docstring: str) -> Markup:
    """The paragraphs of a docstring after its first, which is a title."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(docstring))[1:]
    return Markup("\n").join(map(_block, blocks))


def _block(text: str) -> Markup:
    if text.startswith("    "):
        shown = equation(textwrap.dedent(text))
        return Markup(EQUATION).format(shown)
    if text.startswith("- "):
        items = [" ".join(item.split()) for item in re.split(r"^- ", text, flags=re.M)[1:]]
        form = Markup("<li>{}</li>")
        return Markup("<ul>{}</ul>").format(Markup("").join(form.format(prose(i)) for i in items))
    return Markup("<p>{}</p>").format(prose(" ".join(text.split())))


def prose(text: str) -> Markup:
    """A paragraph: code as code, and the letters of the equations as they stand there."""
    parts, end = [], 0
    for found in CODE.finditer(text):
        parts += [_letters(text[end : found.start()])]
        parts += [Markup("<code>{}</code>").format(found[2])]
        end = found.end()
    return Markup("").join([*parts, _letters(text[end:])])


def _letters(text: str) -> Markup:
    parts, end = [], 0
    for found in IN_PROSE.finditer(text):
        parts += [escape(text[end : found.start()]), equation(found[0])]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def equation(text: str) -> Markup:
    """``theta_{i+1} = theta_i - alpha grad l(theta_i)`` as letters, indices and signs."""
    parts, end = [], 0
    for found in CODE.finditer(text):
        parts += [_typeset(text[end : found.start()]), Markup("<code>{}</code>").format(found[2])]
        end = found.end()
    return Markup("").join([*parts, _typeset(text[end:])])


def _typeset(text: str) -> Markup:
    return Markup("").join(_token(found) for found in TOKEN.finditer(text))


def _token(found: re.Match[str]) -> Markup:
    text = found[0]
    if found["word"]:
        if text == "grad":
            return Markup("∇")
        letter = GREEK.get(text, text)
        return Markup("<var>{}</var>").format(letter) if len(letter) == 1 else escape(text)
    if found["hang"]:
        if text == "^":
            return Markup("\u0302")  # a hat on the letter before
        inside = _typeset(text[1:].removeprefix("{").removesuffix("}"))
        return Markup("<sub>{}</sub>" if text[0] == "_" else "<sup>{}</sup>").format(inside)
    return escape(SIGNS.get(text, text))
