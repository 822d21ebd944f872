from sturgeon.search import Observation, Record


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
