"""``sturgeon panda page``: the page of a run, and its interface for programs."""

from __future__ import annotations

import sys
import webbrowser

import click

from sturgeon.cli.common.printable import printable
from sturgeon.cli.panda.places import attached
from sturgeon.errors import MissingExtra


@click.command(short_help="Look at a run in a browser, live, and steer it.")
@click.argument("study", metavar="STUDY")
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    help="Where to listen; other machines need a token, which is printed.  [default: this machine only]",
)
@click.option("--port", type=int, help="The port; 0 for any.  [default: 8341, or the next that is free]")
@click.option("--author", metavar="NAME", help="Who steers by it.  [default: the account's name]")
@click.option(
    "--token",
    "with_token",
    is_flag=True,
    help="Ask for the token on this machine, too, where others have accounts; opens no browser.",
)
@click.option("--no-browser", is_flag=True, help="Print the address and the token, and open no browser.")
def page(
    study: str, host: str, port: int | None, author: str | None, with_token: bool, no_browser: bool
) -> int:
    """Look at a run in a browser, live, and steer it; Ctrl-C ends the page, not the run.

    For programs: GET /api/state, /api/tree, /api/journal; POST /api/command with the token that is printed.
    """
    try:
        import starlette  # noqa: F401  (whether it is there)
        import uvicorn  # noqa: F401  (whether it is there)
    except ImportError:
        raise MissingExtra(
            "the page needs Starlette and uvicorn, which are not installed; "
            'run: pip install "sturgeon[dashboard]".'
        ) from None
    from sturgeon.panda.page.app import USUAL_PORT, panda_app
    from sturgeon.server.running import listen, serve

    tended = attached(study, author)
    bound, access = listen(host, port, usual=USUAL_PORT, everywhere=with_token)
    print(f"The page of {printable(tended.study.place)}: {access.url}", flush=True)
    print(f"For programs: Authorization: Bearer {access.token}", file=sys.stderr)
    print("Ctrl-C ends it.", file=sys.stderr, flush=True)
    if not no_browser and not with_token:  # other accounts see what a browser is called with
        webbrowser.open(access.url)
    serve(panda_app(tended, access), bound)
    return 0
