"""A figure as a PNG or SVG file."""

from __future__ import annotations

import io
import json
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sturgeon.errors import InputError, option
from sturgeon.figures.static.axes import Panel, add_panels
from sturgeon.figures.static.text import DASHES, plain_label, to_colour
from sturgeon.figures.static.traces import add_trace

if TYPE_CHECKING:
    import plotly.graph_objects as go

FORMATS = ("png", "svg")
MARK = "Sturgeon"
"""What a picture says that it was made by."""
WIDTH = 900
LEGEND_COLUMNS = 5
_DOTS = 100
_CJK = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Arial Unicode MS",
)


def draw_static(figure: go.Figure, form: str, *, width: int = WIDTH, scale: float = 2.0) -> bytes:
    """Draw one of Sturgeon's figures without a browser.

    Args:
        figure: What to draw.
        form: ``"png"`` or ``"svg"``.
        width: In pixels, at least 300.
        scale: How many dots a pixel has, for PNG.

    Returns:
        The file's content.

    Raises:
        InputError: The format is neither, or no font is installed that has the characters.
    """
    if form not in FORMATS:
        raise InputError(f"`{option('format')}` must be one of {', '.join(FORMATS)}; got {form!r}.")
    import matplotlib
    from matplotlib.figure import Figure

    drawn: dict[str, Any] = json.loads(str(figure.to_json()))
    layout = drawn["layout"]
    height = int(layout.get("height", 380)) + 30
    fonts = _fonts(json.dumps(layout, ensure_ascii=False), form)
    # SVG keeps text as text; mathematics in a name stays what it is.
    settings: dict[Any, Any] = {
        "font.family": fonts,
        "svg.fonttype": "none",
        "text.parse_math": False,
        "svg.hashsalt": MARK,
    }
    with matplotlib.rc_context(settings):
        canvas = Figure(figsize=(width / _DOTS, height / _DOTS), dpi=_DOTS, facecolor="white")
        _draw(canvas, drawn["data"], layout, (width, height))
        content = io.BytesIO()
        about = {"Software": MARK} if form == "png" else {"Creator": MARK, "Date": None}
        canvas.savefig(content, format=form, dpi=_DOTS * scale if form == "png" else _DOTS, metadata=about)
    return content.getvalue()


def _draw(
    canvas: Any, traces: list[Mapping[str, Any]], layout: Mapping[str, Any], size: tuple[int, int]
) -> None:
    width, height = size
    caption = textwrap.wrap(plain_label((layout.get("meta") or {}).get("caption")), width // 7)
    shown = layout.get("showlegend")
    legends = sum(bool(trace.get("name")) and trace.get("showlegend") is not False for trace in traces)
    rows = 0 if shown is False else -(-legends // LEGEND_COLUMNS)
    below, above = 62 + 14 * len(caption) + _lines_below(layout), 66 + 14 * max(0, rows - 1)
    right = 96 if any(trace.get("colorscale") for trace in traces) else 24
    names = [len(plain_label(name)) for name in _names(traces, layout)]
    left = 84 if not names else 40 + min(220, 8 * max(names))
    box = (left / width, below / height, (width - left - right) / width, (height - above - below) / height)
    used = {f"{trace.get('xaxis', 'x')}{trace.get('yaxis', 'y')}" for trace in traces}
    panels = add_panels(canvas, layout, box, used)
    groups = (
        [trace for trace in traces if trace.get("type") == "bar"] if layout.get("barmode") == "group" else []
    )
    legend: list[tuple[Any, str]] = []
    for trace in traces:
        panel = panels.get(f"{trace.get('xaxis', 'x')}{trace.get('yaxis', 'y')}") or next(
            iter(panels.values())
        )
        bars = (groups.index(trace), len(groups)) if trace in groups else (0, 1)
        handle = add_trace(panel, trace, bars)
        if handle is not None and trace.get("showlegend") is not False and trace.get("name"):
            legend.append((handle, plain_label(trace["name"])))
    first = next(iter(panels.values()))
    for panel in panels.values():
        panel.finish()
    for shape in layout.get("shapes", ()):
        _add_shape(first, shape)
    for note in layout.get("annotations", ()):
        _add_note(canvas, first, note, box)
    title = plain_label((layout.get("title") or {}).get("text"))
    canvas.text(16 / width, 1 - 14 / height, title, fontsize=13, va="top", color="#1d2127")
    if legend and (shown or (len(legend) > 1 and shown is not False)):
        canvas.legend(
            [handle for handle, _ in legend],
            [text for _, text in legend],
            loc="upper left",
            bbox_to_anchor=(12 / width, 1 - 30 / height),
            ncols=LEGEND_COLUMNS,
            frameon=False,
            fontsize=8.5,
        )
    canvas.text(16 / width, 10 / height, "\n".join(caption), fontsize=8.5, color="#565c66", va="bottom")


def _lines_below(layout: Mapping[str, Any]) -> int:
    """The pixels below the axes that texts of several lines, or upright ones, take."""
    axes = [axis for name, axis in layout.items() if name.startswith("xaxis") and axis.get("ticktext")]
    if any(axis.get("tickangle") for axis in axes):
        return 40
    return 14 if any("<br>" in text for axis in axes for text in axis["ticktext"]) else 0


def _names(traces: list[Mapping[str, Any]], layout: Mapping[str, Any]) -> list[str]:
    """What stands left of the first y axis, where that is words."""
    first = [trace for trace in traces if trace.get("yaxis", "y") == "y"]
    words = [value for trace in first for value in trace.get("y", ()) if isinstance(value, str)]
    return words or [text for text in layout.get("yaxis", {}).get("ticktext") or () if len(text) > 6]


def _add_shape(panel: Panel, shape: Mapping[str, Any]) -> None:
    from matplotlib.patches import Rectangle

    line = shape.get("line", {})
    style = {
        "linestyle": DASHES[line.get("dash", "solid")],
        "linewidth": line.get("width", 1),
        "zorder": 1,
    }
    x0, x1, y0, y1 = (shape[name] for name in ("x0", "x1", "y0", "y1"))
    if shape.get("type") == "line":
        panel.axes.axhline(y0, color=to_colour(line.get("color")), **style)
        return
    whole = shape.get("yref") == "paper"
    panel.axes.add_patch(
        Rectangle(
            (min(x0, x1), min(y0, y1)),
            abs(x1 - x0),
            abs(y1 - y0),
            facecolor=to_colour(shape.get("fillcolor"), "none"),
            edgecolor=to_colour(line.get("color")),
            transform=panel.axes.get_xaxis_transform() if whole else panel.axes.transData,
            **style,
        )
    )


def _add_note(canvas: Any, panel: Panel, note: Mapping[str, Any], box: tuple[float, ...]) -> None:
    text = plain_label(note.get("text"))
    if note.get("xref") == "paper":
        place = (box[0] + note["x"] * box[2], box[1] + note["y"] * box[3] + 0.006)
        canvas.text(*place, text, ha="center", va="bottom", fontsize=10, color="#1d2127")
        return
    from matplotlib.patheffects import withStroke

    panel.axes.annotate(
        text,
        (note["x"], note["y"]),
        xytext=(-4, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=8,
        color="#3c424b",
        path_effects=[withStroke(linewidth=3, foreground="white")],  # it stands out from what runs through it
    )


def _fonts(text: str, form: str) -> list[str]:
    """The fonts to write with: one that has Chinese characters where there are any.

    Raises:
        InputError: There are, and no such font is installed. An SVG file is drawn where it is looked at.
    """
    if not any("\u2e80" <= one <= "\u9fff" for one in text):
        return ["DejaVu Sans"]
    from matplotlib.font_manager import fontManager

    known = {font.name for font in fontManager.ttflist}
    found = [name for name in _CJK if name in known]
    if not found and form != "svg":
        raise InputError(
            "A picture with Chinese text needs a font that has it; none of "
            f"{', '.join(_CJK[:4])} … is installed. Install one, or use `{option('format', 'svg')}`."
        )
    return [*found, "DejaVu Sans"] if found else ["DejaVu Sans", "sans-serif"]
