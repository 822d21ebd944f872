"""The screen of a run in a terminal: it shows what happens, and what is typed there happens."""

import asyncio
import json
import sys
import threading
from contextlib import contextmanager, suppress

import pytest

import sturgeon as st

pytest.importorskip("textual")

from textual.coordinate import Coordinate
from textual.widgets import Input, OptionList, RichLog, Static, Tree

from sturgeon.cli.panda.screen.app import RunScreen
from sturgeon.cli.panda.screen.curves import CurvePane
from sturgeon.cli.panda.screen.panes import ControlPane
from sturgeon.cli.panda.screen.plot import Line, Mark, draw
from sturgeon.cli.panda.screen.training import TrainingProcess
from sturgeon.panda.opening import RunOptions
from sturgeon.panda.table.table import PandaJob


@contextmanager
def attached(folder):
    """A run of one weight that trains in a thread until it is stopped, and a handle on it."""
    study, begun, slow, weight = folder / "run.study", threading.Event(), threading.Event(), [0.0]

    def train():
        state = {
            "save": lambda path: path.write_text(json.dumps(weight)),
            "load": lambda path: weight.__setitem__(0, json.loads(path.read_text())[0]),
        }
        options = RunOptions(metric="val_loss")
        with st.panda(study, options=options, learning_rate=0.1, momentum=0.9, **state) as run:
            for _ in run.epochs(10**9):
                weight[0] -= run.learning_rate * 1e-3 * (weight[0] - 1)
                run.report(train_loss=(weight[0] - 1) ** 2, val_loss=(weight[0] - 1) ** 2 + 0.1)
                begun.set()
                slow.wait(0.3)  # as long as an epoch takes

    thread = threading.Thread(target=train)
    thread.start()
    assert begun.wait(300)
    try:
        with st.Panda.attach(study, author="Lan") as tended:
            yield tended
    finally:
        with st.Panda.attach(study) as again, suppress(st.InputError):
            again.stop()
        thread.join(300)


async def until(pilot, condition):
    """Let the screen go on until something holds, five minutes at most."""
    for _ in range(3000):
        await pilot.pause(0.1)
        if condition():
            return
    raise AssertionError("it did not come to that in five minutes")


async def type_line(pilot, text):
    """Give a command by the line at the foot."""
    await pilot.press("colon")
    pilot.app.query_one("#line", Input).value = text
    await pilot.press("enter")


def shown(app, query):
    return str(app.query_one(query, Static).render())


def test_curves_values_tree_coach_and_journal_are_shown_and_steered_by_keys_and_lines(tmp_path):
    async def use(tended):
        app = RunScreen(tended)
        async with app.run_test(size=(140, 40)) as pilot:
            await until(pilot, lambda: "val_loss" in shown(app, "#curves"))
            assert "training: branch 0" in shown(app, "#state")
            # Enter on a hyperparameter begins its change.
            await pilot.press("enter")
            assert app.query_one("#line", Input).value == "set learning_rate="
            await type_line(pilot, "set learning_rate=0.2 # [red]slow[/red]")
            await until(pilot, lambda: shown(app, "#said").startswith("learning_rate 0.1 → 0.2"))
            await until(pilot, lambda: str(app.query_one(ControlPane).get_cell_at(Coordinate(0, 1))) == "0.2")
            (change,) = tended.tree().changes
            assert (change.author, change.why) == ("Lan", "[red]slow[/red]")
            await until(pilot, lambda: "△ changed" in shown(app, "#curves"))
            journal = "".join(line.text for line in app.query_one("#journal", RichLog).lines)
            assert "0.1 → 0.2" in journal
            assert "[red]slow[/red]" in journal
            await pilot.press("p")
            await until(pilot, lambda: "paused" in shown(app, "#state"))
            await pilot.press("p")
            await until(pilot, lambda: "training" in shown(app, "#state"))
            await type_line(pilot, "branch momentum=0.5")
            await until(pilot, lambda: "on branch 1" in shown(app, "#said"))
            await until(pilot, lambda: len(app.query_one(Tree).root.children[0].children) > 1)
            await type_line(pilot, "set learning_rate=-1")
            await until(pilot, lambda: "refused: `learning_rate` must be a number" in shown(app, "#said"))
            await pilot.press("l", "w", "m")
            pane = app.query_one(CurvePane)
            assert (pane.log_axis, pane.smoothing, pane.metric) == (True, 0.5, "train_loss")
            await until(pilot, lambda: app.query_one(OptionList).option_count >= 1)
            await pilot.resize_terminal(80, 24)
            await pilot.pause()
            assert all(one.region.bottom <= 24 for one in app.query("Screen > *"))
            await pilot.press("q")
        assert tended.state().state == "training"

    with attached(tmp_path) as tended:
        asyncio.run(use(tended))


def test_a_curve_has_its_gap_where_a_value_is_not_finite_and_its_marks():
    drawn = draw(
        [Line([(1, 4.0), (2, float("nan")), (3, 1.0)], "red")],
        [Mark((3, 1.0), "△", "blue")],
        (40, 5),
        log=True,
    ).plain
    assert drawn.splitlines()[0].startswith("     4.000 ⠁")
    assert drawn.splitlines()[-1].strip() == "1 … 3"
    assert "△" in drawn
    assert "no epoch" in draw([Line([], "red")], [], (40, 5)).plain


def test_without_textual_or_a_terminal_it_is_one_line(sturgeon, table, monkeypatch):
    ran = sturgeon("panda", table, "--target", "kind", "--tui")
    assert ran.code == 2
    assert "needs a terminal" in ran.complaint
    for name in [name for name in sys.modules if name.startswith("sturgeon.cli.panda.screen")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "textual", None)
    ran = sturgeon("panda", table, "--target", "kind", "--tui")
    assert ran.code == 2
    assert 'pip install "sturgeon[tui]"' in ran.complaint


def test_under_the_screen_the_training_is_a_process_whose_lines_and_end_are_told(table, tmp_path):
    job = PandaJob(table, "kind", tmp_path / "a", epochs=2)
    lines = []
    training = TrainingProcess(job, lines.append)
    assert training.begun.wait(300)
    assert training.result().epochs == 2
    assert any("tend it" in line for line in lines)
