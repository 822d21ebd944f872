"""``sturgeon dashboard``: pages to look at studies while they run."""

from __future__ import annotations

import sys
import webbrowser

import click

from sturgeon.cli.common.paths import expand_home
from sturgeon.cli.common.printable import printable
from sturgeon.errors import MissingExtra


@click.command()
@click.argument("study", metavar="[STUDY|URL|FOLDER]", default=".")
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    help="Where to listen; other machines need a token, which is printed.  [default: this machine only]",
)
@click.option("--port", type=int, help="The port; 0 for any.  [default: 8321, or the next that is free]")
@click.option("--language", metavar="CODE", help="en, vi or zh.  [default: what the browser prefers]")
@click.option(
    "--token",
    "with_token",
    is_flag=True,
    help="Ask for the token on this machine, too, where others have accounts; opens no browser.",
)
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
def dashboard(
    study: str, host: str, port: int | None, language: str | None, with_token: bool, no_browser: bool
) -> int:
    """Look at studies in a browser, live while they run.

    STUDY is a study's file, a PostgreSQL URL, with or without ?study=NAME, or a folder, which is searched for
    studies: by default this one. The pages pause and resume a run, stop a trial and queue a configuration.
    Ctrl-C ends them; no study is touched by that.
    """
    try:
        import starlette  # noqa: F401  (whether it is there)
        import uvicorn  # noqa: F401  (whether it is there)
    except ImportError:
        raise MissingExtra(
            "the dashboard needs Starlette and uvicorn, which are not installed; "
            'run: pip install "sturgeon[dashboard]".'
        ) from None
    from sturgeon.dashboard.app import USUAL_PORT, dashboard_app
    from sturgeon.dashboard.catalogue import Catalogue
    from sturgeon.languages.choice import check_language
    from sturgeon.server.running import listen, serve

    if language is not None:
        check_language(language)
    catalogue = Catalogue(expand_home(study))
    bound, access = listen(host, port, usual=USUAL_PORT, everywhere=with_token)
    if port is None and access.port != USUAL_PORT:
        print(f"Port {USUAL_PORT} is in use; this is the next that is free.", file=sys.stderr)
    print(f"The dashboard of {printable(catalogue.place)}: {access.url}", flush=True)
    if access.needs_token:
        print("Whoever has this address, with its token, may look and step in.", file=sys.stderr)
    print("Ctrl-C ends it.", file=sys.stderr, flush=True)
    if not no_browser and not with_token:  # other accounts see what a browser is called with
        webbrowser.open(access.url)
    serve(dashboard_app(catalogue, access, language=language), bound)
    return 0
