"""The screen: live curves, controls, run tree, the coach's notes, the journal, and a line to command by."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import DataTable, Footer, Input, OptionList, RichLog, Static, Tree

from sturgeon.cli.common.printable import printable
from sturgeon.cli.panda.drawing import describe_entry, describe_state, draw_tried
from sturgeon.cli.panda.lines import HELP, obey, split_line
from sturgeon.cli.panda.screen.curves import CurvePane
from sturgeon.cli.panda.screen.panes import ControlPane, NotePane, TreePane
from sturgeon.errors import SturgeonError

if TYPE_CHECKING:
    from sturgeon.panda.attach import Panda, RunState
    from sturgeon.panda.kept.tree import RunTree
    from sturgeon.study import JournalEntry

LOOK_SECONDS = 0.4
_HINT = "a command, such as: set learning_rate=0.01 # why"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look at the run found."""

    tree: RunTree
    state: RunState
    entries: list[JournalEntry]


class RunScreen(App[None]):
    """Shows a run that another process trains, and steers it; to leave it ends nothing."""

    TITLE = "Sturgeon Panda"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012  (as Textual has it)
    CSS = """
    #state { height: auto; padding: 0 1; background: $panel; }
    #curves { height: 1fr; min-height: 6; border: round $primary; }
    #below { height: 1fr; layout: grid; grid-size: 2 2; }
    .-wide #below { grid-size: 4 1; grid-columns: 2fr 3fr 3fr 3fr; }
    #below > * { border: round $primary; height: 100%; padding: 0; }
    #below > *:focus { border: round $accent; }
    #tree, #journal { overflow-x: hidden; }
    #said { height: auto; max-height: 8; padding: 0 1; }
    #line { border: none; height: 1; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "pause/resume"),
        Binding("c", "tell('checkpoint')", "checkpoint"),
        Binding("b", "begin('branch ')", "branch"),
        Binding("t", "begin('try learning_rate=')", "try"),
        Binding("r", "begin('rewind ')", "rewind"),
        Binding("a", "accept", "accept"),
        Binding("d", "dismiss", "dismiss", show=False),
        Binding("s", "begin('stop')", "stop"),
        Binding("l", "axis", "log"),
        Binding("w", "smoothing", "smooth"),
        Binding("m", "metric", "metric"),
        Binding("colon,slash", "begin('')", "command", key_display=":"),
        Binding("escape", "leave_line", show=False),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("q,ctrl+c", "quit", "leave", priority=False),
    ]

    def __init__(
        self, tended: Panda, *, seconds: float = LOOK_SECONDS, leave: threading.Event | None = None
    ) -> None:
        """Take the run; the screen does not close it.

        Args:
            tended: The run.
            seconds: How often to look for what is new.
            leave: Once it is set, the screen is left.
        """
        super().__init__()
        self._leave = leave
        self._tended = tended
        self._seconds = seconds
        self._last_entry = -1
        self._looking = False
        self._run_state: RunState | None = None

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield Static("…", id="state", markup=False)
        yield CurvePane()
        with Container(id="below"):
            yield ControlPane()
            yield TreePane()
            yield NotePane()
            journal = RichLog(id="journal", wrap=True, min_width=20, max_lines=1000)
            journal.border_title = "journal"
            yield journal
        yield Static("", id="said", markup=False)
        yield Input(placeholder=_HINT, id="line")
        yield Footer()

    def on_mount(self) -> None:
        """Begin to look."""
        self.query_one(ControlPane).focus()
        self._look_soon()
        self.set_interval(self._seconds, self._look_soon)

    # -- looking ---------------------------------------------------------------------------------

    def _look_soon(self) -> None:
        if self._leave is not None and self._leave.is_set():
            self.exit()
        elif not self._looking:
            self._looking = True
            self._look()

    @work(thread=True, group="look")
    def _look(self) -> None:
        try:
            tree = self._tended.tree()
            entries = [entry for entry in tree.entries if entry.id > self._last_entry]
            seen = _Seen(tree, self._tended.state(tree), entries)
            self._last_entry = entries[-1].id if entries else self._last_entry
        except SturgeonError as error:  # the next look may find it again
            self.call_from_thread(self._say, f"the study cannot be read now: {error}")
            return
        finally:
            self._looking = False
        self.call_from_thread(self._show, seen)

    def _show(self, seen: _Seen) -> None:
        self._run_state = seen.state
        self.query_one("#state", Static).update(
            Text(f"{printable(seen.state.study)}   {describe_state(seen.state)[0]}")
        )
        self.query_one(CurvePane).show(seen.tree)
        self.query_one(ControlPane).show(seen.state.values)
        self.query_one(TreePane).show(seen.tree)
        self.query_one(NotePane).show(seen.state.notes)
        journal = self.query_one("#journal", RichLog)
        for entry in seen.entries:
            if text := describe_entry(entry):
                journal.write(Text(text))

    def _say(self, text: str, style: str = "") -> None:
        self.query_one("#said", Static).update(Text(text, style))

    # -- steering --------------------------------------------------------------------------------

    @work(thread=True, group="tell")
    def _tell(self, line: str) -> None:
        """Give a command, and say what became of it; training and screen go on meanwhile."""
        try:
            words, why = split_line(line)
            if not words:
                return
            self.call_from_thread(self._say, f"{line} …", "dim")
            outcome = obey(self._tended, words, why)
        except SturgeonError as error:
            self.call_from_thread(
                self._say, f"refused: {printable(' '.join(str(error).split()))}", "bold red"
            )
            return
        tried = outcome.body.get("tried")
        lines = [printable(outcome.message), *(draw_tried(tried, self._tended.tree()) if tried else ())]
        self.call_from_thread(self._say, "\n".join(lines), "bold green")
        self.call_from_thread(self._look_soon)

    @on(Input.Submitted, "#line")
    def _line_given(self, event: Input.Submitted) -> None:
        line = event.value.strip()
        event.input.clear()
        self.action_leave_line()
        if line in ("quit", "exit"):
            self.exit()
        elif line == "help":
            self.action_help()
        elif line:
            self._tell(line)

    @on(DataTable.RowSelected)
    def _value_chosen(self, event: DataTable.RowSelected) -> None:
        self.action_begin(self.query_one(ControlPane).chosen(event.cursor_row))

    @on(Tree.NodeSelected)
    def _place_chosen(self, event: Tree.NodeSelected[str]) -> None:
        if event.node.data:
            self.action_begin(event.node.data)

    @on(OptionList.OptionSelected)
    def _note_chosen(self, event: OptionList.OptionSelected) -> None:
        self.action_begin(f"accept {event.option.id}")

    # -- keys ------------------------------------------------------------------------------------

    def action_begin(self, text: str) -> None:
        """Begin a command in the line at the foot; Enter gives it."""
        line = self.query_one("#line", Input)
        line.value = text
        line.focus()
        line.cursor_position = len(text)
        self.call_after_refresh(line.action_end)

    def action_leave_line(self) -> None:
        """Go back to the panes."""
        self.query_one("#line", Input).clear()
        self.query_one(ControlPane).focus()

    def action_tell(self, line: str) -> None:
        """Give a command at once."""
        self._tell(line)

    def action_pause(self) -> None:
        """Pause, or go on."""
        self._tell("resume" if self._run_state is not None and self._run_state.state == "paused" else "pause")

    def action_accept(self) -> None:
        """Begin to accept the coach's latest note."""
        if self._run_state is not None and self._run_state.notes:
            self.action_begin(f"accept {max(self._run_state.notes)}")

    def action_dismiss(self) -> None:
        """Begin to dismiss the coach's latest note."""
        if self._run_state is not None and self._run_state.notes:
            self.action_begin(f"dismiss {max(self._run_state.notes)}")

    def action_axis(self) -> None:
        """A logarithmic axis, or a plain one."""
        self.query_one(CurvePane).switch_axis()

    def action_smoothing(self) -> None:
        """The next smoothing."""
        self.query_one(CurvePane).next_smoothing()

    def action_metric(self) -> None:
        """The next metric."""
        self.query_one(CurvePane).next_metric()

    def action_help(self) -> None:
        """Say what can be said."""
        self._say(HELP)


def show_screen(tended: Panda) -> int:
    """Show the screen of a run until it is left; gives the exit code."""
    RunScreen(tended).run()
    return 0
