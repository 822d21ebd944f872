from sturgeon.search import Observation, Record
from sturgeon.search.old_record import OldTrial


def test_a_record_knows_which_configurations_it_holds():
    record = Record([Observation(3, {"a": 1, "b": True}, "running")])
    assert {"b": True, "a": 1} in record
    assert {"a": True, "b": True} not in record
    assert {"a": 1} not in record
    assert len(record) == 1


def test_an_observation_of_the_same_trial_replaces_the_old_one():
    record = Record([Observation(0, {"a": 1}, "running"), Observation(1, {"a": 2}, "waiting")])
    record.put(Observation(0, {"a": 1}, "complete", 0.5, ((1, 0.7), (2, 0.5))))
    assert [observation.state for observation in record] == ["complete", "waiting"]
    assert len(record) == 2


def test_a_record_in_which_trials_look_different_keeps_the_rest():
    old = (OldTrial({"a": 9}, 0.1),)
    record = Record([Observation(n, {"a": n}, "complete", float(n)) for n in range(3)], old)
    other = record.unsettled([1, 7])
    assert [(one.state, one.value) for one in other] == [
        ("complete", 0.0),
        ("running", None),
        ("complete", 2.0),
    ]
    assert other.old == old
    assert {"a": 1} in other
    assert record[1].value == 1.0


def test_a_record_that_forgets_a_trial_lets_its_configuration_be_tried_again():
    record = Record([Observation(n, {"a": n % 2}, "complete", 1.0) for n in range(3)])
    record.remove(0)
    assert {"a": 0} in record  # trial 2 has it, too
    record.remove(2)
    record.remove(2)
    assert {"a": 0} not in record
    assert [one.number for one in record] == [1]
