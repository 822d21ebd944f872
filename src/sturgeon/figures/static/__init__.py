"""Pictures as PNG or SVG files, drawn by Matplotlib: no browser and no download is needed.

It draws what Sturgeon's own figures are made of (scatter, bars, heatmaps, contours, rectangles, notes), not
every figure of Plotly.
"""

from sturgeon.figures.static.drawing import FORMATS, draw_static

__all__ = ["FORMATS", "draw_static"]
