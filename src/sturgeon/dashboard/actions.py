"""What a reader changes: requests to the run, notes, tags, a configuration for the queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sturgeon.caviar.requests import REQUEST
from sturgeon.dashboard.board import Board, NotHere, go_to
from sturgeon.dashboard.trial_pages import queue_page
from sturgeon.errors import InputError
from sturgeon.plain_text import LONGEST_LINE, LONGEST_MESSAGE, plain
from sturgeon.space import Choice, Constant, Integer, Space
from sturgeon.study.trial import FINISHED

AUTHOR = "dashboard"
MOST_TAGS = 20

Form = Mapping[str, str]


def request_run(board: Board, request: Request, form: Form) -> Response:
    """Ask the run to pause or to resume."""
    live = board.study(request)
    action = form.get("action", "")
    if action not in ("pause", "resume"):
        raise NotHere(board.words_of(request).gettext("A run can be asked to pause or to resume."))
    summary = live.summary()
    if not summary.busy and not summary.pause:
        return _back(request, "idle")
    with live.written() as study:
        study.journal.write(REQUEST, {"action": action}, author=AUTHOR)
    return _back(request, action)


def stop_trial(board: Board, request: Request, form: Form) -> Response:
    """Ask the run to stop a trial."""
    live = board.study(request)
    trial = board.trial(request, live)
    _ = board.words_of(request).gettext
    if trial.state in FINISHED:
        text = _("Trial {number} has ended already, so it cannot be stopped.").format(number=trial.number)
        return board.message(request, _("Not done"), text, 409)
    body = {"action": "stop", "why": plain(form.get("why", "").strip(), LONGEST_LINE)}
    busy = live.summary().busy
    with live.written() as study:
        study.journal.write(REQUEST, body, trial=trial.number, author=AUTHOR)
    return _to_trial(request, "stop" if busy else "later")


def add_note(board: Board, request: Request, form: Form) -> Response:
    """Add a note to a trial."""
    live = board.study(request)
    number = board.trial(request, live).number
    text = plain(form.get("note", "").strip(), LONGEST_MESSAGE)
    if not text:
        return _to_trial(request)
    with live.written() as study:
        study.note(number, text)
    return _to_trial(request, "note")


def add_tags(board: Board, request: Request, form: Form) -> Response:
    """Put tags on a trial; commas are between them."""
    live = board.study(request)
    number = board.trial(request, live).number
    parts = (one.strip() for one in form.get("tags", "").split(","))
    tags = [plain(one, 100) for one in parts if one][:MOST_TAGS]
    if not tags:
        return _to_trial(request)
    with live.written() as study:
        study.tag(number, *tags)
    return _to_trial(request, "tag")


def queue_config(board: Board, request: Request, form: Form) -> Response:
    """Queue a configuration; a wrong one is shown again with what is wrong."""
    live = board.study(request)
    space = live.study.space
    values = {name: form.get(f"value.{name}", "").strip() for name in space}
    note = plain(form.get("note", "").strip(), LONGEST_MESSAGE)
    try:
        config = read_config(space, values)
        with live.written() as study:
            number = study.enqueue(config, note=note or None, tags=["queued by hand"])
    except InputError as error:
        return queue_page(board, request, live, values, error=str(error), note=note)
    return go_to(f"/study/{request.path_params['key']}/trial/{number}", said="queue")


def read_config(space: Space, values: Mapping[str, str]) -> dict[str, Any]:
    """Make a configuration of the texts of a form.

    Args:
        space: What varies.
        values: By hyperparameter: a number, the place of an option from 0, or nothing where it is not active.

    Returns:
        The configuration; hyperparameters whose condition does not hold are left out.

    Raises:
        InputError: A text is not such a value.

    Example:
        >>> from sturgeon.space import Integer, Real
        >>> read_config(Space(rate=Real(0.0, 1.0), units=Integer(1, 64)), {"rate": "0.5", "units": "32"})
        {'rate': 0.5, 'units': 32}
    """
    read = {name: _read_value(space, name, values.get(name, "")) for name in space}
    config = {name: value[0] for name, value in read.items() if value is not None}
    while idle := [name for name in config if not space.is_active(name, config)]:
        for name in idle:
            del config[name]
    return config


def _read_value(space: Space, name: str, text: str) -> tuple[Any] | None:
    """Read one value; None where nothing is given."""
    item = space[name]
    if isinstance(item, Constant):
        return (item.value,)
    if not text:
        return None
    if isinstance(item, Choice):
        if text.isascii() and text.isdigit() and len(text) < 6 and int(text) < len(item.options):
            return (item.options[int(text)],)
        raise InputError(f"{name!r} must be one of its {len(item.options)} options; choose one.")
    try:
        return (int(text),) if isinstance(item, Integer) else (float(text),)
    except ValueError:
        kind = "a whole number" if isinstance(item, Integer) else "a number"
        raise InputError(f"{name!r} must be {kind}; got {plain(text, 60)!r}.") from None


def _back(request: Request, said: str) -> Response:
    return go_to(f"/study/{request.path_params['key']}", said=said)


def _to_trial(request: Request, said: str = "") -> Response:
    path = f"/study/{request.path_params['key']}/trial/{request.path_params['number']}"
    return go_to(path, said=said) if said else go_to(path)
