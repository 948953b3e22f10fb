"""Charts as SVG: lines over something that grows, and bars of how near each aim is. Plain text, no library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import floor, log10
from typing import Final, NamedTuple

from tools.bench.table import shown

Points = Sequence[tuple[float, float]]

_WIDTH: Final = 720
_HEIGHT: Final = 360
_LEFT: Final = 90
_RIGHT: Final = 20
_TOP: Final = 60
_BOTTOM: Final = 50
_COLOURS: Final = ("#1f6feb", "#d9730d", "#2da44e", "#8250df")
_STYLE: Final = (
    "<style>text{font:13px sans-serif;fill:#444}.title{font-size:15px;font-weight:bold}"
    ".grid{stroke:#ccc;stroke-width:1}.line{fill:none;stroke-width:2}</style>"
)


class _Axis(NamedTuple):
    """Maps a value to a place between `start` and `end`; by its logarithm where `log`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        low, high = (log10(self.low), log10(self.high)) if self.log else (self.low, self.high)
        share = ((log10(value) if self.log else value) - low) / ((high - low) or 1)
        return self.start + share * (self.end - self.start)


def line_chart(title: str, x_name: str, y_name: str, series: Mapping[str, Points]) -> str:
    """One line for each series; the x axis is logarithmic where its values span more than tenfold."""
    xs = sorted({x for points in series.values() for x, _ in points})
    top = _round_up(max(y for points in series.values() for _, y in points))
    across = _Axis(xs[0], xs[-1], _LEFT, _WIDTH - _RIGHT, log=xs[0] > 0 and xs[-1] > 10 * xs[0])
    up = _Axis(0, top, _HEIGHT - _BOTTOM, _TOP)
    parts = [_text(_LEFT, 20, title, "title"), _text((_LEFT + _WIDTH) / 2, _HEIGHT - 10, x_name, anchor="middle")]
    for step in range(5):
        y = up.place(top * step / 4)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_text(_LEFT - 8, y + 4, shown(top * step / 4), anchor="end"))
    parts += [_text(across.place(x), _HEIGHT - _BOTTOM + 20, shown(x), anchor="middle") for x in xs]
    for number, (name, points) in enumerate(series.items()):
        parts += _line(number, f"{name}, {y_name}", [(across.place(x), up.place(y)) for x, y in sorted(points)])
    return _svg(_HEIGHT, parts)


def _line(number: int, label: str, places: Points) -> list[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places]
    left = _LEFT + 210 * number
    key = f'<rect x="{left}" y="32" width="12" height="12" fill="{colour}"/>'
    return [f'<polyline class="line" stroke="{colour}" points="{path}"/>', *dots, key, _text(left + 18, 43, label)]


def bar_chart(title: str, bars: Sequence[tuple[str, float]]) -> str:
    """A bar for each label: 1 is the aim, and more is better than the aim."""
    most = 2.0  # what is twice the aim or more is cut there
    left, height = 360, 24
    across = _Axis(0, most, left, _WIDTH - 50)
    bottom = _TOP + height * len(bars)
    parts = [_text(10, 20, title, "title"), _text(across.place(1), _TOP - 8, "aim", anchor="middle")]
    for number, (label, value) in enumerate(bars):
        y = _TOP + height * number
        colour = _COLOURS[2] if value >= 1 else _COLOURS[1]
        width = max(1.0, across.place(min(value, most)) - left)
        parts.append(f'<rect x="{left}" y="{y + 4}" width="{width:.1f}" height="{height - 8}" fill="{colour}"/>')
        parts.append(_text(left - 8, y + 17, label, anchor="end"))
        parts.append(_text(left + width + 6, y + 17, f"{value:.2f}"))
    x = across.place(1)
    parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom}"/>')
    return _svg(bottom + 10, parts)


def _round_up(value: float) -> float:
    """The next value with one digit that counts."""
    if value <= 0:
        return 1.0
    step: float = 10 ** floor(log10(value))
    return step * -(-value // step)


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(height: float, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" role="img">'
    ground = f'<rect width="{_WIDTH}" height="{height:.0f}" fill="#fff"/>'
    return "\n".join([head, _STYLE, ground, *parts, "</svg>"]) + "\n"
