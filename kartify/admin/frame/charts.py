"""Charts drawn as pictures: SVG that the server makes, without scripts and without styles of its own.

Colours come from the stylesheet by class (``s1`` to ``s5``), so that they follow the theme; each series has a texture
besides. A chart carries its title and a description for who cannot see it, and the page puts its table beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

WIDTH: Final = 400
_LINE, _BAR, _GAP = 16, 16, 14
_HIGH, _FOOT, _HEAD = 150, 20, 22
# A texture for each series: none, lines one way, dots, lines the other way, upright lines.
_TEXTURES: Final = ("", "M0 6 6 0", "M2 2h2v2h-2z", "M0 0 6 6", "M3 0V6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of parts, in the order of the series. ``shown``: its number, in words."""

    label: str
    parts: Sequence[int]
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Marks on one line, in the order of the series. ``shown``: their numbers, in words."""

    label: str
    marks: Sequence[float]
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """``name`` is unique on its page."""

    name: str
    title: str
    about: str


def bars(chart: Chart, rows: Sequence[Bar]) -> Markup:
    """Lying bars below one another, each with its label and its number on the line above it."""
    most = max((sum(row.parts) for row in rows), default=0)
    pieces: list[Markup] = []
    step = _LINE + _BAR + _GAP
    for place, row in enumerate(rows):
        top = place * step
        pieces += _heading(row.label, row.shown, top)
        pieces.append(_rect("track", 0, top + _LINE + 4, WIDTH, _BAR))
        left = 0.0
        for series, part in enumerate(row.parts):
            wide = _share(part, most) * WIDTH
            pieces += _segment(chart, series, (left, top + _LINE + 4, wide, _BAR))
            left += wide
    return _svg(chart, len(rows) * step, pieces, textured=True)


def columns(chart: Chart, rows: Sequence[Bar]) -> Markup:
    """Standing bars beside one another; the number stands on each, the label below every third."""
    most = max((sum(row.parts) for row in rows), default=0)
    step = WIDTH / max(1, len(rows))
    floor = _HEAD + _HIGH
    pieces = [_rect("axis", 0, floor, WIDTH, 1)]
    for place, row in enumerate(rows):
        left, bottom = place * step, float(floor)
        for series, part in enumerate(row.parts):
            high = _share(part, most) * _HIGH
            bottom -= high
            pieces += _segment(chart, series, (left + 1, bottom, step - 2, high))
        middle = left + step / 2
        if sum(row.parts):
            pieces.append(_text("number", middle, bottom - 4, row.shown, anchor="middle"))
        if place % 3 == 0:
            pieces.append(_text("label", left, floor + 15, row.label))
    return _svg(chart, floor + _FOOT, pieces, textured=True)


def spans(chart: Chart, rows: Sequence[Span], ticks: Sequence[tuple[float, str]]) -> Markup:
    """Marks on lines, on a scale on which ten times as much is one step further. ``ticks``: (value, label)."""
    most = max([value for row in rows for value in row.marks] + [1.0])
    scale = _logarithm(most)
    step = _LINE + _BAR + _GAP
    floor = len(rows) * step
    pieces: list[Markup] = []
    for value, label in ticks:
        if value <= most:
            place = scale(value)
            pieces.append(_rect("grid", place, 0, 1, floor))
            pieces.append(_text("label", place, floor + 14, label, anchor="end" if place > WIDTH - 40 else "start"))
    for place_, row in enumerate(rows):
        top = place_ * step
        pieces += _heading(row.label, row.shown, top)
        middle = top + _LINE + 4 + _BAR / 2
        places = [scale(value) for value in row.marks]
        pieces.append(_rect("line", min(places), middle - 1, max(places) - min(places), 2))
        # From the last to the first, so that the first lies on top where they meet.
        pieces += [mark(series, place, middle) for series, place in reversed(list(enumerate(places)))]
    return _svg(chart, floor + _FOOT, pieces)


def mark(series: int, x: float, y: float) -> Markup:
    """A disc, a diamond, a square."""
    if series == 0:
        return Markup('<circle class="s1" cx="{}" cy="{}" r="6"/>').format(_n(x), _n(y))
    if series == 1:
        points = " ".join(f"{_n(x + a)},{_n(y + b)}" for a, b in ((0, -7), (7, 0), (0, 7), (-7, 0)))
        return Markup('<polygon class="s2" points="{}"/>').format(points)
    return _rect("s3", x - 5, y - 5, 10, 10)


def swatch(name: str, series: int, *, marks: bool = False) -> Markup:
    """The sign of a series for the legend beside its words; it says nothing by itself."""
    chart = Chart(name=f"{name}-k{series}", title="", about="")
    piece = [mark(series, 8, 8)] if marks else _segment(chart, series, (0, 0, 16, 16))
    texture = "" if marks else _textures(chart)
    return Markup('<svg class="swatch" width="16" height="16" aria-hidden="true" focusable="false">{}{}</svg>').format(
        texture, Markup("").join(piece)
    )


def _logarithm(most: float) -> Callable[[float], float]:
    """From a value to its place; room is left for half a mark at both ends."""
    span = math.log10(1 + most * 10)
    return lambda value: 8 + (WIDTH - 16) * math.log10(1 + max(0.0, value) * 10) / span


def _share(part: int, most: int) -> float:
    return part / most if most > 0 and part > 0 else 0.0


def _svg(chart: Chart, height: float, pieces: Iterable[Markup], *, textured: bool = False) -> Markup:
    template = (
        '<svg class="chart" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'aria-labelledby="{name}-title {name}-about" focusable="false"><title id="{name}-title">{title}</title>'
        '<desc id="{name}-about">{about}</desc>{defs}{pieces}</svg>'
    )
    return Markup(template).format(
        width=WIDTH, height=_n(max(1.0, height)), name=chart.name, title=chart.title, about=chart.about,
        defs=_textures(chart) if textured else "", pieces=Markup("").join(pieces),
    )


def _textures(chart: Chart) -> Markup:
    """The identifiers carry the chart's name, since one page has several."""
    template = (
        '<pattern id="{}-t{}" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<path class="texture" d="{}"/></pattern>'
    )
    made = [Markup(template).format(chart.name, number, path) for number, path in enumerate(_TEXTURES) if path]
    return Markup("<defs>{}</defs>").format(Markup("").join(made))


def _segment(chart: Chart, series: int, box: tuple[float, float, float, float]) -> list[Markup]:
    """A part of a bar and its texture; nothing where it has no length."""
    if box[2] <= 0 or box[3] <= 0:
        return []
    pieces = [_rect(f"s{series % len(_TEXTURES) + 1}", *box)]
    if _TEXTURES[series % len(_TEXTURES)]:
        fill = f"url(#{chart.name}-t{series % len(_TEXTURES)})"
        pieces.append(Markup('<rect fill="{}" x="{}" y="{}" width="{}" height="{}"/>').format(fill, *map(_n, box)))
    return pieces


def _heading(label: str, shown: str, top: float) -> list[Markup]:
    return [_text("label", 0, top + 13, label), _text("number", WIDTH, top + 13, shown, anchor="end")]


def _rect(kind: str, x: float, y: float, wide: float, high: float) -> Markup:
    template = '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>'
    return Markup(template).format(kind, _n(x), _n(y), _n(wide), _n(high))


def _text(kind: str, x: float, y: float, words: str, *, anchor: str = "start") -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(kind, _n(x), _n(y), anchor, words)


def _n(value: float) -> str:
    """A number of the picture, to the tenth."""
    return f"{value:.1f}".removesuffix(".0")
