"""Charts as inline SVG: a report that needs no script, no font and no network. Colours come from the page's style."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 420, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 14, 44
_NAMES = 170
_STYLES = ("first", "second")

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """A line through points; `style` is a class of the page's style sheet."""

    name: str
    points: Points
    style: str
    dots: bool = False


@dataclass(frozen=True)
class Axes:
    """Names and ranges of both axes, and where their marks stand."""

    x_name: str
    y_name: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_marks: Sequence[tuple[float, str]] = field(default_factory=list)
    y_marks: Sequence[tuple[float, str]] = field(default_factory=list)

    def x(self, value: float) -> float:
        """The horizontal place of a value."""
        low, high = self.x_range
        return _LEFT + (value - low) / ((high - low) or 1) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """The vertical place of a value."""
        low, high = self.y_range
        return HEIGHT - _BOTTOM - (value - low) / ((high - low) or 1) * (HEIGHT - _TOP - _BOTTOM)


def mark(low: float, high: float, parts: int = 4) -> list[tuple[float, str]]:
    """Marks at round numbers, the first at or below `low`, the last at or above `high`; about so many parts."""
    rough = max(high - low, 1e-9) / parts * 0.9999  # 0.4 / 4 is a little more than 0.1
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough)
    decimals = max(0, -math.floor(math.log10(step * 1.0001)))
    return [
        (place * step, f"{place * step:.{decimals}f}")
        for place in range(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1)
    ]


def draw_lines(title: str, axes: Axes, lines: Sequence[Line], diagonal: bool = False) -> str:
    """A line chart; with `diagonal`, y = x is drawn beneath as the reference."""
    parts = [_draw_axes(axes)]
    if diagonal:
        parts.append(_draw_path([(0, 0), (1, 1)], axes, "diagonal"))
    for line in lines:
        parts.append(_draw_path(line.points, axes, line.style))
        if line.dots or len(line.points) == 1:
            parts += [_draw_dot(point, axes, line.style) for point in line.points]
    return _frame(title, "".join(parts), [(line.name, line.style) for line in lines if line.name])


def draw_bars(title: str, axes: Axes, bars: Sequence[tuple[str, float, str]]) -> str:
    """A bar chart: label, height and remark of each bar."""
    room = (WIDTH - _LEFT - _RIGHT) / max(1, len(bars))
    parts = [_draw_axes(axes)]
    for number, (label, height, remark) in enumerate(bars):
        left, top = _LEFT + room * number + room * 0.15, axes.y(height)
        size = f'width="{room * 0.7:.1f}" height="{max(0.0, HEIGHT - _BOTTOM - top):.1f}"'
        middle = left + room * 0.35
        parts.append(f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" {size}><title>{escape(remark)}</title></rect>')
        parts.append(_write(middle, HEIGHT - _BOTTOM + 15, label))
        parts.append(_write(middle, top - 4, f"{height:.3f}", "value"))
    return _frame(title, "".join(parts), [])


def draw_shares(title: str, shares: Sequence[tuple[str, Sequence[float]]], names: Sequence[str]) -> str:
    """Horizontal bars: of each label one share, 0 to 1, for each of the names, which are at most two."""
    parts, row = [], 12 * len(names) + 10
    marks = mark(0, max([0.01, *(value for _, values in shares for value in values)]))
    height, room = row * len(shares) + _TOP, WIDTH - _NAMES - _RIGHT - 24
    for value, _ in marks:
        x = _NAMES + value / marks[-1][0] * room
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{height}"/>')
        parts.append(_write(x, height + 14, f"{100 * value:g}%"))
    for number, (label, values) in enumerate(shares):
        top = _TOP + row * number + 5
        parts.append(_write(_NAMES - 6, top + 6 * len(names) + 4, label, "right"))
        for place, (value, style) in enumerate(zip(values, _STYLES, strict=False)):
            width, y = value / marks[-1][0] * room, top + 12 * place
            remark = f"<title>{escape(f'{label}, {names[place]}: {value:.1%}')}</title>"
            size = f'width="{width:.1f}" height="10"'
            parts.append(f'<rect class="bar {style}" x="{_NAMES}" y="{y}" {size}>{remark}</rect>')
            parts.append(_write(_NAMES + width + 4, y + 9, f"{value:.1%}", "value left"))
    return _frame(title, "".join(parts), list(zip(names, _STYLES, strict=False)), height + 20)


def _frame(title: str, inside: str, legend: Sequence[tuple[str, str]], height: int = HEIGHT) -> str:
    keys = "".join(f'<span class="key {style}"></span>{escape(name)} ' for name, style in legend)
    picture = f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">{inside}</svg>'
    return f'<figure><figcaption>{escape(title)}</figcaption>{picture}<p class="legend">{keys}</p></figure>'


def _draw_axes(axes: Axes) -> str:
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    parts = []
    for value, name in axes.y_marks:
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{axes.y(value):.1f}" y2="{axes.y(value):.1f}"/>'
        )
        parts.append(_write(_LEFT - 6, axes.y(value) + 4, name, "right"))
    parts += [_write(axes.x(value), bottom + 15, name) for value, name in axes.x_marks]
    parts.append(f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    parts.append(_write((_LEFT + right) / 2, HEIGHT - 8, axes.x_name, "name"))
    parts.append(
        f'<g transform="translate(13 {(_TOP + bottom) / 2:.0f}) rotate(-90)">{_write(0, 0, axes.y_name, "name")}</g>'
    )
    return "".join(parts)


def _draw_path(points: Points, axes: Axes, style: str) -> str:
    path = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in points)
    return f'<polyline class="line {style}" points="{path}"/>'


def _draw_dot(point: tuple[float, float], axes: Axes, style: str) -> str:
    x, y = point
    tooltip = f"<title>{x:.4g}, {y:.4g}</title>"
    return f'<circle class="dot {style}" cx="{axes.x(x):.1f}" cy="{axes.y(y):.1f}" r="3">{tooltip}</circle>'


def _write(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
