"""The panes beside the curves: what is in force, the run tree, and what the coach says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.widgets import DataTable, OptionList, Tree
from textual.widgets.option_list import Option
from textual.widgets.tree import TreeNode

from sturgeon.caviar.progress import format_metric
from sturgeon.cli.common.printable import printable
from sturgeon.cli.panda.drawing import in_words

if TYPE_CHECKING:
    from sturgeon.panda.kept.tree import RunTree

_SHOWN_CHECKPOINTS = 12


class ControlPane(DataTable[Text]):
    """The hyperparameters in force, a row each."""

    def __init__(self) -> None:
        super().__init__(id="controls", cursor_type="row", show_header=False)
        self.border_title = "in force · Enter changes"
        self._shown: dict[str, Any] = {}

    def on_mount(self) -> None:
        """Make the columns."""
        self.add_columns("name", "value")

    def show(self, values: Mapping[str, Any]) -> None:
        """Show values; the cursor stays where it is."""
        if list(values) != list(self._shown):
            self.clear()
            for name, value in values.items():
                self.add_row(Text(printable(name)), _number(value), key=name)
        for place, (name, value) in enumerate(values.items()):
            if self._shown.get(name) != value:
                self.update_cell_at((place, 1) if self.row_count else (0, 1), _number(value))  # type: ignore[arg-type]
        self._shown = dict(values)

    def chosen(self, row: int) -> str:
        """The command that a row begins."""
        return f"set {list(self._shown)[row]}="


class TreePane(Tree[str]):
    """Branches under each other, their checkpoints in them; what a node holds is the command it begins."""

    def __init__(self) -> None:
        super().__init__("run", id="tree")
        self.border_title = "run tree · Enter goes there"
        self.show_root = False
        self._shown: object = None

    def show(self, tree: RunTree) -> None:
        """Show a tree; what was folded comes back unfolded where something is new."""
        shown = _contents(tree)
        if shown == self._shown:
            return
        self._shown = shown
        line = self.cursor_line
        self.clear()
        nodes: dict[int | None, TreeNode[str]] = {None: self.root}
        for number, branch in tree.branches.items():
            curve = branch.curves.get(tree.metric, [])
            label = Text(f"branch {number}", "bold" if number == tree.current else "")
            if branch.parent is not None:
                changed = tree.changed_at_start(branch)
                label.append(f" from {branch.checkpoint}")
                label.append(f" {in_words(changed)}" if changed else "", "magenta")
            label.append(f"  {format_metric(curve[-1][1])}" if curve else "", "cyan")
            label.append("  ← here" if number == tree.current else "", "bold")
            parent = nodes.get(branch.parent, self.root)
            nodes[number] = node = parent.add(label, expand=True, data=f"carry {number}")
            own = [one for one in tree.checkpoints.values() if one.trial == number and one.kept]
            for one in own[-_SHOWN_CHECKPOINTS:]:
                text = f"checkpoint {one.number}, epoch {one.at.epoch}"
                node.add_leaf(Text(text, "dim"), data=f"rewind {one.number} ")
        self.root.expand()
        self.cursor_line = line


class NotePane(OptionList):
    """What the coach said and nobody answered, the latest first."""

    def __init__(self) -> None:
        super().__init__(id="notes", markup=False)
        self.border_title = "coach · Enter accepts"
        self._shown: dict[int, str] | None = None

    def show(self, notes: Mapping[int, str]) -> None:
        """Show the notes by their numbers."""
        if notes == self._shown:
            return
        self._shown = dict(notes)
        self.clear_options()
        for number, sentence in sorted(notes.items(), reverse=True):
            self.add_option(Option(Text(f"{number}  {printable(sentence)}"), id=str(number)))
        if not notes:
            self.add_option(Option(Text("nothing to say", "dim"), disabled=True))


def _number(value: Any) -> Text:
    return Text(f"{value:.6g}" if isinstance(value, float) else printable(value))


def _contents(tree: RunTree) -> object:
    """What the tree pane shows of a tree."""
    last = {number: branch.curves.get(tree.metric, [])[-1:] for number, branch in tree.branches.items()}
    kept = [one.number for one in tree.checkpoints.values() if one.kept]
    return tree.current, last, kept
