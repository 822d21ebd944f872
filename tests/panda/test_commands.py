"""A running training does what people ask, writes down what it did, and says why where it does not."""

import pytest

import sturgeon as st


def told(walk):
    return [(body["action"], body["done"]) for body in walk.outcomes()]


def test_a_change_holds_from_the_next_step_on_and_is_written_down(walk):
    walk.train(4, {2: [("set", {"values": {"learning_rate": 0.05}, "why": "it swings"})]})
    assert [rate for _, rate, _ in walk.seen] == [0.1, 0.05, 0.05, 0.05]
    (change,) = walk.tree().changes
    assert (change.old, change.new) == ({"learning_rate": 0.1}, {"learning_rate": 0.05})
    assert (change.author, change.why, change.at.step) == ("Lan", "it swings", 3)


def test_an_edited_run_is_marked_and_has_no_value(walk):
    walk.train(3, {2: [("set", {"values": {"learning_rate": 0.05}})]})
    with st.Study.open(walk.study) as study:
        assert study.trial(0).tags == ("edited",)
        assert study.trial(0).value is None


def test_a_run_that_nobody_touched_is_a_complete_trial(walk):
    walk.train(3)
    with st.Study.open(walk.study) as study:
        assert study.best.state == "complete"
        assert study.best.value == pytest.approx((walk.weight - 1) ** 2)


@pytest.mark.parametrize(
    ("action", "body", "words"),
    [
        ("set", {"values": {"learning_rate": -1}}, "must be a number in"),
        ("set", {"values": {"learning_rate": "fast"}}, "must be a number in"),
        ("set", {"values": {"layers": 3}}, "Only what was declared"),
        ("set", {"values": {}}, "needs a value"),
        ("rewind", {"checkpoint": 99}, "must be one of the run's"),
        ("rewind", {}, "needs the checkpoint"),
        ("carry", {"trial": 7}, "must have a checkpoint"),
        ("try", {"vary": {"learning_rate": [0.1, 0.2]}}, "built-in network only"),
        ("accept", {"note": 5}, "none of that number"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(walk, action, body, words):
    walk.train(3, {1: [(action, body)]})
    (outcome,) = walk.outcomes()
    assert not outcome["done"]
    assert words in outcome["message"]
    assert "\n" not in outcome["message"]
    assert [epoch for epoch, _, _ in walk.seen] == [1, 2, 3]


def test_of_two_who_change_at_once_the_later_is_told(walk):
    first = ("set", {"values": {"learning_rate": 0.05}, "seen": {"learning_rate": 0}})
    second = ("set", {"values": {"learning_rate": 0.2}, "seen": {"learning_rate": 0}})
    walk.train(3, {1: [first, second]})
    done, refused = walk.outcomes()
    assert done["done"]
    assert "was changed by Lan after you looked" in refused["message"]
    assert walk.seen[-1][1] == 0.05


def test_a_value_that_the_optimiser_does_not_take_is_an_error_and_changes_nothing(tmp_path, walk):
    walk.given["apply"] = lambda values: {"learning_rate": 0.1}
    walk.train(3, {1: [("set", {"values": {"learning_rate": 0.05}})]})
    (outcome,) = walk.outcomes()
    assert "was not taken: 0.05 was set and 0.1 read back" in outcome["message"]
    assert walk.seen[-1][1] == 0.1


def test_a_rewind_brings_back_weights_and_hyperparameters_and_loses_nothing(walk):
    commands = {
        1: [("checkpoint", {})],
        2: [("set", {"values": {"learning_rate": 0.3}})],
        3: [("rewind", {"checkpoint": 2})],
    }
    walk.train(4, commands)
    epochs = [epoch for epoch, _, _ in walk.seen]
    assert epochs == [1, 2, 3, 2, 3, 4]
    assert [rate for _, rate, _ in walk.seen] == [0.1, 0.3, 0.3, 0.1, 0.1, 0.1]
    tree = walk.tree()
    assert (tree.current, tree.branches[1].parent, tree.branches[1].start.epoch) == (1, 0, 1)
    assert [step for step, _ in tree.branches[0].curves["loss"]] == [1, 2, 3]
    assert [step for step, _ in tree.branches[1].curves["loss"]] == [2, 3, 4]
    assert walk.outcomes()[-1]["message"].endswith("on branch 1 with learning_rate=0.1.")


def test_after_a_rewind_the_coach_knows_what_each_epoch_was_trained_with(walk):
    walk.train(3, {2: [("set", {"values": {"learning_rate": 0.3}})], 3: [("checkpoint", {})]})
    with walk.open(resume=True) as run:
        assert [one.values["learning_rate"] for one in run.history] == [0.1, 0.3, 0.3]


def test_a_branch_goes_on_from_here_with_other_values(walk):
    walk.train(4, {2: [("branch", {"values": {"learning_rate": 0.01}})]})
    assert walk.seen[-1][:2] == (4, 0.01)
    assert walk.tree().branches[1].values == {"learning_rate": 0.01}


def test_a_pause_waits_until_somebody_resumes(walk):
    walk.train(3, {2: [("pause", {}), ("resume", {})]})
    assert told(walk) == [("pause", True), ("resume", True)]
    assert len(walk.seen) == 3


def test_a_stop_ends_the_loop_and_the_run_can_go_on(walk):
    walk.train(10, {3: [("stop", {})]})
    assert len(walk.seen) == 3
    again = walk.train(5, resume=True)
    assert [epoch for epoch, _, _ in again.seen] == [1, 2, 3, 4, 5]


def test_a_training_without_save_and_load_listens_and_says_what_it_cannot_do(walk):
    walk.train(
        3, {1: [("checkpoint", {}), ("set", {"values": {"learning_rate": 0.05}})]}, save=None, load=None
    )
    assert dict(told(walk)) == {"set": True, "checkpoint": False}


def test_a_command_to_a_run_that_has_ended_is_told_so(walk):
    walk.train(2)
    with st.Panda.attach(walk.study) as tended, pytest.raises(st.InputError, match="has ended"):
        tended.set(learning_rate=0.05)


def test_attaching_to_a_study_of_another_kind_is_one_line(tmp_path):
    st.Study.create(tmp_path / "a.study", st.Space(a=st.Real(0, 1)), minimize="loss").close()
    with pytest.raises(st.InputError, match="of another kind"):
        st.Panda.attach(tmp_path / "a.study")


def test_a_run_is_resumed_only_when_asked_to_and_with_its_own_hyperparameters(walk):
    walk.train(1)
    with pytest.raises(st.StudyError, match="resumed only when asked"):
        walk.open()
    with pytest.raises(st.StudyError, match="that it was begun with"):
        walk.open(resume=True, momentum=0.9)


def test_one_process_trains_a_run_at_a_time(walk):
    with walk.open() as run:
        for _ in run.epochs(1):
            run.report(loss=1.0)
            with pytest.raises(st.StudyError, match="one process trains a run at a time"):
                walk.open(resume=True)


def test_a_change_after_the_last_checkpoint_is_made_again_where_it_was_made(walk):
    walk.train(4, {3: [("set", {"values": {"learning_rate": 0.01}})]})
    straight = walk.seen[-1]
    with walk.open(resume=True) as run:  # as after a kill: back at the first checkpoint, the change still due
        tree = run.tree()
        first = tree.checkpoints[1]
        run.go_on_from(first)
        run.redo([change for change in tree.changes if change.at >= first.at])
        for _ in run.epochs(4):
            for _ in range(2):
                walk.weight -= run.learning_rate * 2 * (walk.weight - 1)
                run.step()
            run.report(loss=(walk.weight - 1) ** 2)
    assert (run.at.epoch, run.learning_rate, walk.weight) == straight


def test_a_disk_that_is_full_ends_no_training_and_is_said_once(walk):
    def fail(path):
        if walk.seen:
            raise OSError(28, "No space left on device")
        walk.save(path)

    walk.train(5, {2: [("checkpoint", {})]}, save=fail)
    assert len(walk.seen) == 5
    (outcome,) = walk.outcomes()
    assert "Make room" in outcome["message"]
    unsaved = [e for e in walk.tree().entries if e.kind == "event" and e.body["what"] == "unsaved"]
    assert len(unsaved) == 1


def test_a_run_whose_first_checkpoint_cannot_be_written_is_told_so(walk):
    def fail(path):
        raise OSError(28, "No space left on device")

    with pytest.raises(st.InputError, match="Make room, then go on with"):
        walk.open(save=fail)
    assert [epoch for epoch, _, _ in walk.train(1, resume=True).seen] == [1]


def test_a_loop_that_never_reports_the_objective_is_trained_and_told_so_once(walk, caplog):
    with walk.open() as run:
        for _ in run.epochs(5):
            run.step()
    missing = [e for e in walk.tree().entries if e.kind == "event" and e.body["what"] == "no objective"]
    assert [entry.body["why"] for entry in missing] == [
        "the objective 'loss' must be among what is reported; got nothing. "
        "Report it, or name another as the metric."
    ]
    assert "must be among what is reported" in caplog.text


def test_what_is_saved_needs_a_folder_where_the_study_is_no_file(tmp_path):
    files = {"save": lambda path: path.write_text("weights"), "load": lambda path: path.read_text()}
    with pytest.raises(st.InputError, match="need a folder"):
        st.panda(":memory:", learning_rate=0.1, **files)
    folder = tmp_path / "tended"
    for given in ({}, {"checkpoints": folder, **files}):
        with st.panda(":memory:", learning_rate=0.1, **given) as run:
            for _ in run.epochs(2):
                run.report(val_loss=1.0)
        assert folder.is_dir() == bool(given)
