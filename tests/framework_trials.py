"""Scripts that train one trial for each case in worker processes, and what is the same in every framework."""

import json
from pathlib import Path


def cases_of(ran):
    """What became of each case of a script, by its name."""
    assert ran.error is None, ran.error
    return json.loads(ran.out.splitlines()[-1])


def check_whole(trials, reported):
    """A trial of four epochs reported every epoch, and kept its last checkpoint."""
    whole = trials["whole"]
    assert whole["state"] == "complete", whole["error"]
    assert [step for step, _ in whole["curve"]] == [1, 2, 3, 4]
    assert whole["reported"] == reported
    assert whole["step"] == 4
    assert Path(whole["checkpoint"]).is_file()


def check_stopped(trials):
    """A rule stopped a trial after its second epoch."""
    stopped = trials["stopped"]
    assert (stopped["state"], stopped["reason"]) == ("stopped", "it was time.")
    assert stopped["curve"] == trials["whole"]["curve"][:2]
    assert stopped["step"] == 2


def check_failed(failed, said):
    """A trial failed, and its error says why in one line."""
    assert failed["state"] == "failed"
    assert said in failed["error"]
    assert len(failed["error"].splitlines()) == 1
