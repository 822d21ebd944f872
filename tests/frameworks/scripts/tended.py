"""Commands to a training that a framework runs, given from within by its epochs, and what came of it."""

import json

import sturgeon as st
from sturgeon.panda.commands import give

# By the epoch in whose middle they are given: at the end of the second a checkpoint, and two epochs later a
# branch from it that changes nothing; then a change, one that is out of bounds, and the end by `epochs`.
COMMANDS = {
    2: [("checkpoint", {})],
    4: [("branch", {})],
    5: [("set", {"values": {"learning_rate": 0.01}}), ("set", {"values": {"learning_rate": -1.0}})],
}


class Commander:
    """Gives each command once."""

    def __init__(self):
        self.left = {epoch: list(commands) for epoch, commands in COMMANDS.items()}

    def look(self, run):
        self.run = run
        for action, body in self.left.pop(run.at.epoch + 1, ()):
            if action == "branch":  # there may be checkpoints that nobody asked for, by the clock
                kept = run.record.study.journal.read(kind="checkpoint")
                body = {"checkpoint": next(one.body["number"] for one in kept if one.body["epoch"] == 2)}
            give(run.record.study, action, author="Lan", **body)
        run.poll_now()


def vitals_of(run):
    """What the coach was told of the last epoch's steps."""
    vitals = run.history[-1].vitals
    return None if vitals is None else {"gradients": vitals.gradients, "updates": vitals.updates}


def summary(study, run):
    with st.Panda.attach(study) as tended:
        tree = tended.tree()
        return json.dumps(
            {
                "curves": {branch.trial: branch.curves[tree.metric] for branch in tree.branches.values()},
                "outcomes": [
                    (e.body["action"], e.body["done"], e.body["message"])
                    for e in tree.entries
                    if e.kind == "outcome"
                ],
                "changes": [(change.old, change.new) for change in tree.changes],
                "state": tree.state,
                "vitals": vitals_of(run),
            }
        )
