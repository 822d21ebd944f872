"""A study scored by folds, and the ensemble that is made of its trials."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sturgeon
from sturgeon import TableJob, TuneOptions, tune_table
from sturgeon.caviar.table import candidates as kept_trials
from sturgeon.caviar.table.candidates import Candidate, choose_ensemble
from sturgeon.caviar.table.keeping import forget_networks
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import prepare
from sturgeon.network.ensemble import NetworkEnsemble, answers_of, row_losses
from sturgeon.search.folds import values_by_fold
from sturgeon.space import Constant, Integer, Real, Space

SPACE = Space(
    learning_rate=Real(1e-3, 1e-1, scale="log", default=0.01, priority=1),
    hidden_units=Integer(4, 12, default=6, priority=2),
    batch_size=Constant(32),
    layers=Constant(2),
)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(160, 3))
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    return frame.assign(y=x[:, 0] + np.sin(2 * x[:, 1]), kind=np.where(x[:, 0] * x[:, 1] > 0, "yes", "no"))


def job_on(frame, out, target="y", other="kind", **changes):
    job = TableJob(frame, target, out, TuneOptions(space=SPACE, epochs=3), 6)
    return replace(job, **{"data_options": {"folds": 3, "drop": [other]}, **changes})


@pytest.mark.parametrize(("target", "other"), [("y", "kind"), ("kind", "y")])
def test_what_is_handed_over_is_the_weighted_mean_of_the_chosen_trials(frame, tmp_path, target, other):
    result = tune_table(job_on(frame, tmp_path, target, other))
    assert result.folds == 3
    assert sum(one["share"] for one in result.ensemble) == pytest.approx(1)
    assert result.trials["complete"] == 6
    model = SavedModel.load(tmp_path)
    members = model.network.members
    assert len(members) == 3 * len(result.ensemble)
    shares = {one["trial"]: one["share"] for one in result.ensemble}
    assert all(one.weight == pytest.approx(shares[one.trial] / 3) for one in members)
    assert {one.fold for one in members} == {0, 1, 2}
    inputs = model.preprocessing.transform(frame)
    answers = sum(one.weight * answers_of(one.network.outputs(inputs)) for one in members)  # through JAX
    np.testing.assert_allclose(answers_of(model.network.outputs(inputs)), answers, rtol=1e-4, atol=1e-5)
    dataset = prepare(frame, target, folds=3, drop=[other])
    assert model.test(dataset) == pytest.approx(result.test)
    assert result.default_test.keys() == result.test.keys()
    assert isinstance(result.no_better_than_default, bool)
    with sturgeon.Study.open(result.study) as study:
        assert result.best["trial"] == study.best.number
        assert f"{result.metric}_se" in study.trial(0).metrics


def test_the_same_seed_gives_the_same_ensemble_also_after_a_pause(frame, tmp_path):
    options = TuneOptions(space=SPACE, epochs=3, search=sturgeon.Random())  # no result decides what is next
    whole = tune_table(job_on(frame, tmp_path / "whole", options=options))
    tune_table(job_on(frame, tmp_path / "parts", options=options, trials=3))
    rest = {"resume": True, "data_options": {"drop": ["kind"]}}
    parts = tune_table(job_on(frame, tmp_path / "parts", options=options, **rest))
    assert (parts.ensemble, parts.test, parts.best) == (whole.ensemble, whole.test, whole.best)
    with pytest.raises(sturgeon.StudyError, match=r"folds=4` where .* has 3"):
        tune_table(job_on(frame, tmp_path / "parts", resume=True, data_options={"folds": 4}))
    with pytest.raises(sturgeon.StudyError, match="not repeated"):
        tune_table(job_on(frame, tmp_path / "parts", resume=True, repeats=2, data_options={}))


def test_an_ensemble_of_one_trial_is_the_best_trials_fold_networks(frame, tmp_path):
    result = tune_table(job_on(frame, tmp_path, ensemble=1))
    assert result.ensemble == [{"trial": result.best["trial"], "share": 1.0}]
    assert [one.fold for one in SavedModel.load(tmp_path).network.members] == [0, 1, 2]


def test_the_best_trials_the_default_and_those_of_the_ensemble_are_kept(frame, tmp_path, monkeypatch):
    monkeypatch.setattr(kept_trials, "KEPT", 1)
    result = tune_table(job_on(frame, tmp_path, trials=16))
    kept = {int(path.name.removeprefix("trial-")) for path in (tmp_path / "candidates").iterdir()}
    members = {one["trial"] for one in result.ensemble}
    assert members | {0} <= kept
    assert members - {0, result.best["trial"]}  # not all of them are among the best
    assert len(kept) < 16
    dataset = prepare(frame, "y", folds=3, drop=["kind"])
    again = kept_trials.Candidates(tmp_path / "candidates", dataset)
    choice = choose_ensemble(again.kept, dataset.y_held_out, most=8)
    assert set(choice.shares) == members
    assert again.ensemble_loss == pytest.approx(choice.losses.mean())


def test_the_best_so_far_is_usable_at_any_time(frame, tmp_path):
    seen = []

    def look(progress):
        if progress.done and not seen:
            seen.append(SavedModel.load(tmp_path).predict(frame))

    tune_table(job_on(frame, tmp_path), on_progress=look)
    assert len(seen[0]) == len(frame)


def test_networks_that_are_gone_are_trained_again(frame, tmp_path):
    before = tune_table(job_on(frame, tmp_path, ensemble=1))
    shutil.rmtree(tmp_path / "candidates")
    shutil.rmtree(tmp_path / "best")
    again = tune_table(job_on(frame, tmp_path, ensemble=1, resume=True))
    assert (again.ensemble, again.test) == (before.ensemble, before.test)


def test_networks_of_a_study_that_was_removed_do_not_count(frame, tmp_path):
    old, clean = tmp_path / "old", tmp_path / "clean"
    tune_table(job_on(frame, old))
    (old / "tune.study").unlink()
    shutil.rmtree(old / "best")
    (old / "candidates" / "trial-mine").mkdir()  # none of ours
    (old / "candidates" / "trial-mine" / "notes").touch()
    again = job_on(frame.iloc[::-1].reset_index(drop=True), old, trials=1)
    result, expected = tune_table(again), tune_table(replace(again, out=clean))
    assert (result.ensemble, result.test) == (expected.ensemble, expected.test)
    kept = {path.name for path in (old / "candidates").iterdir()} - {"trial-mine"}
    assert kept == {"trial-0"}
    assert (old / "candidates" / "trial-mine" / "notes").exists()


def test_the_default_network_of_a_study_that_was_removed_does_not_count(frame, tmp_path):
    tune_table(job_on(frame, tmp_path, trials=1, ensemble=1, data_options={"folds": 1, "drop": ["kind"]}))
    assert (tmp_path / "default").is_dir()
    forget_networks(tmp_path)
    assert not (tmp_path / "default").exists()


@pytest.mark.parametrize("name", ["default", "candidates"])
def test_a_folder_of_ones_own_is_left_alone_where_a_study_begins(frame, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "config.json").touch()
    tune_table(job_on(frame, tmp_path, trials=1))
    assert (tmp_path / name / "config.json").exists()


def test_a_candidate_that_was_cut_off_is_left_out(frame, tmp_path):
    tune_table(job_on(frame, tmp_path))
    dataset = prepare(frame, "y", folds=3, drop=["kind"])
    whole = len(kept_trials.Candidates(tmp_path / "candidates", dataset).kept)
    broken = tmp_path / "candidates" / "trial-0" / "fold-1.npz"
    broken.write_bytes(broken.read_bytes()[:50])
    assert len(kept_trials.Candidates(tmp_path / "candidates", dataset).kept) == whole - 1


def test_a_single_network_is_saved_as_ever(frame, tmp_path):
    result = tune_table(job_on(frame, tmp_path, data_options={"folds": 1, "drop": ["kind"]}))
    assert (result.folds, result.ensemble, result.calibration) == (1, None, None)
    assert isinstance(result.no_better_than_default, bool)
    assert result.within_one_standard_error is None
    described = json.loads((tmp_path / "best" / "config.json").read_text())
    assert described.keys() == {"trial", "config", "trained_on"}
    assert not isinstance(SavedModel.load(tmp_path).network, NetworkEnsemble)
    assert not (tmp_path / "candidates").exists()


@pytest.mark.parametrize(("target", "other"), [("y", "kind"), ("kind", "y")])
def test_without_folds_the_best_trials_answer_together_too(frame, tmp_path, target, other):
    seen = []
    single = {"ensemble": 4, "data_options": {"folds": 1, "drop": [other]}}
    result = tune_table(job_on(frame, tmp_path, target, other, **single), on_progress=seen.append)
    model = SavedModel.load(tmp_path)
    shares = {one["trial"]: one["share"] for one in result.ensemble}
    assert {one.trial: one.weight for one in model.network.members} == pytest.approx(shares)
    assert 1 <= len(shares) <= 4
    assert sum(shares.values()) == pytest.approx(1)
    assert (result.folds, result.trained_on) == (1, "training rows")
    dataset = prepare(frame, target, drop=[other])
    assert model.test(dataset) == pytest.approx(result.test)
    answers = answers_of(model.network.outputs(dataset.x_validation))
    together = row_losses(answers, dataset.y_validation).mean()
    alone = [SavedModel.load(tmp_path).network.members[0].network.outputs(dataset.x_validation)]
    assert together <= row_losses(answers_of(alone[0]), dataset.y_validation).mean() + 1e-9
    assert min(one.ensemble for one in seen if one.ensemble) >= 0.9 * together
    again = tune_table(job_on(frame, tmp_path, target, other, resume=True, data_options={"drop": [other]}))
    assert (again.ensemble, again.test) == (result.ensemble, result.test)


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({"data_options": {}}, 8),
        ({"data_options": {"folds": 1}}, 1),
        ({"data_options": {"folds": 1}, "ensemble": 3}, 3),
        ({"data_options": {"time_order": True}}, 1),
        ({"data_options": {}, "repeats": 2}, 1),
    ],
)
def test_of_how_many_trials_the_result_is_made(frame, tmp_path, changes, most):
    assert job_on(frame, tmp_path, **changes).most_trials == most


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data_options": {"folds": 0}}, "`folds` must be at least 1; got 0"),
        ({"ensemble": 0}, "`ensemble` must be at least 1; got 0"),
        ({"repeats": 2}, "by folds or by repeats; got `folds=3` and `repeats=2`"),
        (
            {"ensemble": 4, "repeats": 2, "data_options": {}},
            "Repeats choose one network, an ensemble is made of several; got `repeats=2` and `ensemble=4`",
        ),
        ({"data_options": {"folds": 3, "time_order": True}}, "order of time are not cut into folds"),
    ],
)
def test_what_does_not_go_together_is_refused(frame, tmp_path, changes, words):
    with pytest.raises(sturgeon.SturgeonError) as caught:
        tune_table(job_on(frame, tmp_path / "out", **changes))
    assert words in str(caught.value)
    assert not (tmp_path / "out").exists()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 8), st.booleans())
def test_a_chosen_ensemble_is_never_worse_than_the_best_trial(seed, trials, most, classes):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 3, 30).astype(np.int32) if classes else rng.normal(size=30)
    outputs = [rng.normal(size=(30, 3 if classes else 1)) for _ in range(trials)]
    offered = []
    for number, each in enumerate(outputs):
        answers = answers_of(each)
        offered.append(Candidate(number, {}, (), answers, row_losses(answers, targets)))
    choice = choose_ensemble(offered, targets, most=most)
    assert sum(choice.shares.values()) == pytest.approx(1)
    assert 1 <= len(choice.shares) <= min(most, trials)
    assert choice.losses.mean() <= min(one.loss for one in offered) + 1e-12
    mean = sum(share * offered[number].answers for number, share in choice.shares.items())
    np.testing.assert_allclose(choice.losses, row_losses(mean, targets), rtol=1e-9)


def test_the_hopeless_are_stopped_by_the_mean_of_all_folds(frame, tmp_path):
    options = TuneOptions(space=SPACE, epochs=6, stopping=sturgeon.SuccessiveHalving(first=1))
    result = tune_table(job_on(frame, tmp_path, options=options, trials=8))
    assert result.epochs < 8 * 6
    with sturgeon.Study.open(result.study) as study:
        ended = {
            state: [one for one in study.trials if one.state == state] for state in ("complete", "stopped")
        }
        for trial in ended["complete"]:
            by_fold = values_by_fold(trial.metrics, result.metric)
            assert len(by_fold) == 3
            assert trial.value == pytest.approx(np.mean(by_fold))
        assert ended["stopped"]
        for trial in ended["stopped"]:
            step, mean = list(trial.curves[result.metric])[-1]
            assert (trial.last_step, trial.value) == (step, mean)
            assert f"{result.metric} {mean:.4g} at step {step}" in trial.reason
        assert not any("_fold_" in name for trial in study.trials for name in trial.curves)


def test_the_default_is_trained_to_its_end_whatever_the_rule_says_as_the_result_is_compared_with_it(
    frame, tmp_path
):
    poor = SPACE.replace(learning_rate=Real(1e-6, 1e-1, scale="log", default=1e-6, priority=1))
    job = job_on(frame, tmp_path, trials=None, options=TuneOptions(space=poor, epochs=6))
    tune_table(job)
    with sturgeon.Study.open(tmp_path / "tune.study") as study:
        first, *others = study.trials
        assert (first.state, first.last_step) == ("complete", 6)
        assert any(one.state == "stopped" and one.last_step == 2 for one in others)
        assert first.value > max(one.value for one in others if one.state == "complete")
