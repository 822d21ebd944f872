"""The live curves of a run: every branch, the one that trains in front, and what was changed where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual import events
from textual.widgets import Static

from sturgeon.cli.common.printable import printable
from sturgeon.cli.panda.screen.plot import Line, Mark, draw, smooth

if TYPE_CHECKING:
    from sturgeon.panda.kept.tree import Branch, RunTree

SMOOTHING = (0.0, 0.5, 0.8, 0.95)
_OURS, _TRAINING, _OTHERS, _CHANGE = "bold cyan", "yellow", "bright_black", "bold magenta"
_BESIDE = {"val_loss": "train_loss"}  # what is drawn beside a metric, of the branch that trains


class CurvePane(Static):
    """Draws a metric of all branches.

    Attributes:
        metric: The one that is drawn; None for the objective.
        log_axis: Whether by its logarithm.
        smoothing: The weight on what was before; 0 for none.
    """

    def __init__(self) -> None:
        super().__init__(id="curves", markup=False)
        self.border_title = "curves"
        self.metric: str | None = None
        self.log_axis = False
        self.smoothing = SMOOTHING[0]
        self._run_tree: RunTree | None = None

    def show(self, tree: RunTree) -> None:
        """Draw the tree's curves."""
        self._run_tree = tree
        self.draw_again()

    def next_metric(self) -> None:
        """Draw the next metric that was reported."""
        if self._run_tree is None:
            return
        names = list(dict.fromkeys(name for one in self._run_tree.branches.values() for name in one.curves))
        if names:
            now = self.metric or self._run_tree.metric
            self.metric = names[(names.index(now) + 1) % len(names) if now in names else 0]
        self.draw_again()

    def next_smoothing(self) -> None:
        """Smooth more, and after the most not at all."""
        self.smoothing = SMOOTHING[(SMOOTHING.index(self.smoothing) + 1) % len(SMOOTHING)]
        self.draw_again()

    def switch_axis(self) -> None:
        """Draw by the logarithm, or no longer."""
        self.log_axis = not self.log_axis
        self.draw_again()

    def on_resize(self, event: events.Resize) -> None:
        """Fill the room that there is."""
        self.draw_again()

    def draw_again(self) -> None:
        """Draw what was drawn last, as it is to be drawn now."""
        tree, size = self._run_tree, self.content_size
        if tree is None or size.width < 20 or size.height < 3:
            return
        metric = self.metric or tree.metric
        path = tree.path(tree.current) if tree.current in tree.branches else []
        along = tree.curves_along(tree.current) if path else {}
        ours = along.get(metric, [])
        others = [one.curves.get(metric, []) for one in tree.branches.values() if one not in path]
        others += [one.curves.get(metric, []) for one in path[:-1]]  # what was left behind of an ancestor
        lines = [Line(smooth(curve, self.smoothing), _OTHERS) for curve in others]
        beside = _BESIDE.get(metric)
        below = along.get(beside, []) if beside else []
        lines += [Line(smooth(below, self.smoothing), _TRAINING)] if below else []
        smoothed = smooth(ours, self.smoothing)
        lines.append(Line(smoothed, _OURS))
        legend = Text(no_wrap=True)
        legend.append(f"━ {printable(metric)}", _OURS)
        if below:
            legend.append(f"   ━ {beside}", _TRAINING)
        if any(others):
            legend.append("   ━ other branches", _OTHERS)
        changes = tree.changes_along(tree.current) if path else []
        if changes or len(path) > 1:
            legend.append("   △ changed", _CHANGE)
        told = [f"smoothed {self.smoothing:g}"] if self.smoothing else []
        legend.append("   " + ", ".join(told + (["log axis"] if self.log_axis else [])), "dim")
        marks = [Mark((epoch, value), "△", _CHANGE) for epoch, value in _changed(tree, path, smoothed)]
        self.update(
            Text("\n").join([legend, draw(lines, marks, (size.width, size.height - 1), log=self.log_axis)])
        )


def _changed(
    tree: RunTree, path: Sequence[Branch], curve: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Where along a path something was changed, as points of its curve."""
    if not path or not curve:
        return []
    by_epoch: Mapping[float, float] = dict(curve)
    places = [change.at.epoch for change in tree.changes_along(path[-1].trial)]
    places += [branch.start.epoch for branch in path[1:]]
    near = {min(by_epoch, key=lambda known, epoch=epoch: abs(known - epoch)) for epoch in places}
    return [(epoch, by_epoch[epoch]) for epoch in sorted(near)]
