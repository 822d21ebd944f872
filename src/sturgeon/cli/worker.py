"""``sturgeon worker``: one worker of a study, for schedulers that just start processes."""

from __future__ import annotations

import shlex

import click


@click.command(no_args_is_help=True, short_help="Work on a study that is there.")
@click.argument("study", metavar="STUDY")
@click.option("--function", required=True, metavar="MODULE:NAME", help="What trains: train(trial).")
@click.option("--trials", type=int, help="How many trials the study is to have in the end.  [default: 64]")
@click.option("--budget", help="How long this worker works, such as 90s, 10m, 1h30m.")
@click.option("--timeout", help="How long an attempt at a trial may take before it is killed.")
@click.option("--attempts", type=int, default=2, show_default=True, help="How often a lost trial is begun.")
@click.option(
    "--checkpoints", metavar="URL", help="Where trials put checkpoints aside, such as s3://BUCKET/NAME."
)
def worker(
    study: str,
    function: str,
    trials: int | None,
    budget: str | None,
    timeout: str | None,
    attempts: int,
    checkpoints: str | None,
) -> int:
    """Work on a study that is there: ask, train, tell, until it has its trials.

    STUDY is a PostgreSQL URL, postgresql://USER@HOST/DATABASE?study=NAME, or, for workers of one machine, a
    file. Any number of workers may be started, and die, at any time: a trial is leased, and one whose
    worker is gone is begun again by another, from its last checkpoint. Keep the password out of the
    command, where others see it: in PGPASSWORD, or in ~/.pgpass.
    """
    from sturgeon.caviar.tuning import tune
    from sturgeon.caviar.workers.function import named_function
    from sturgeon.cli.common.printable import printable
    from sturgeon.study import Study

    train = named_function(function)
    with Study.open(study) as there:
        space, place = there.space, there.place
    with tune(
        train,
        space,
        study=study,
        resume=True,
        trials=trials,
        budget=budget,
        timeout=timeout,
        attempts=attempts,
        deterministic=False,
        checkpoints=checkpoints,
    ) as done:
        counts = ", ".join(f"{count} {state}" for state, count in done.counts().items() if count)
    print(printable(f"study: {place}   {counts}   look at it:  sturgeon show {shlex.quote(place)}"))
    return 0
