"""PyTorch loops under a trial: exact checkpoints, live settings, DataLoader workers, bad input."""

import os
import pickle
import signal
import zipfile
from pathlib import Path

import pytest

from sturgeon.caviar.tuning import tune
from sturgeon.caviar.workers.live_trial import LiveTrial
from sturgeon.caviar.workers.messages import Start
from sturgeon.errors import InputError
from sturgeon.search import Grid, Random
from sturgeon.space import Choice, Real, Space
from sturgeon.stopping import SuccessiveHalving

torch = pytest.importorskip("torch", reason="needs the extra torch")

from sturgeon.frameworks.torch import Report, load_checkpoint  # noqa: E402  (imports PyTorch)

SPACE = Space(learning_rate=Real(1e-3, 1e-1, scale="log"))


def training(folder, *, kill_in=None, epochs=5):
    """A training with everything that has a state: dropout, shuffling, momentum, a schedule."""

    def train(trial):
        import torch
        from torch.utils.data import DataLoader, TensorDataset

        from sturgeon.frameworks.torch import Report

        torch.set_num_threads(1)  # sums of several threads differ in the last digit
        torch.manual_seed(trial.seed)
        x = torch.linspace(-1, 1, 24).reshape(12, 2)
        model = torch.nn.Sequential(
            torch.nn.Linear(2, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.3), torch.nn.Linear(8, 1)
        )
        optimizer = torch.optim.Adam(model.parameters(), trial.config["learning_rate"])
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
        rows = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), 4, shuffle=True)
        report = Report(
            trial, checkpoints=folder, save_every=1, model=model, optimizer=optimizer, schedule=schedule
        )
        for epoch in trial.epochs(epochs):
            if kill_in == epoch and trial.attempt == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            total = 0.0
            for a, b in rows:
                loss = (model(a) - b).square().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item()
            schedule.step()
            report(loss=total, attempt=trial.attempt)

    return train


def test_a_killed_training_goes_on_exactly_where_its_checkpoint_was(tmp_path):
    whole = tune(training(tmp_path / "a"), SPACE, minimize="loss", trials=1, workers=0).best
    cut = tune(training(tmp_path / "b", kill_in=4), SPACE, minimize="loss", trials=1).best
    assert [attempt for _, attempt in cut.curves["attempt"]] == [1, 1, 1, 2, 2]
    assert cut.curves["loss"] == whole.curves["loss"]
    assert [Path(cut.checkpoint)] == list((tmp_path / "b").iterdir())
    states = [load_checkpoint(one.checkpoint)["model"] for one in (whole, cut)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_paused_trials_go_on_exactly_and_may_be_paused_after_their_first_epoch(tmp_path):
    rule = SuccessiveHalving(first=1)
    options = {"minimize": "loss", "trials": 6, "workers": 0, "search": Random()}
    study = tune(training(tmp_path / "a", epochs=9), SPACE, stopping=rule, **options)
    whole = tune(training(tmp_path / "b", epochs=9), SPACE, **options)
    resumed = [one for one in study.trials if one.attempts > 1]
    assert resumed
    for one in resumed:
        same = dict(whole.trial(one.number).curves["loss"])
        assert all(same[step] == value for step, value in one.curves["loss"])


def train_with_loader_workers(trial):
    import torch

    rows = torch.utils.data.TensorDataset(torch.arange(8.0))
    loader = torch.utils.data.DataLoader(rows, 2, num_workers=trial.config["loader_workers"])
    for epoch in trial.epochs(2):
        trial.report(loss=sum(float(batch.sum()) for (batch,) in loader) + epoch)


def test_data_loader_workers_do_not_break_in_a_worker_process():
    space = Space(loader_workers=Choice((0, 2)))
    study = tune(train_with_loader_workers, space, minimize="loss", trials=2, search=Grid(2), workers=1)
    assert [one.curves["loss"] for one in study.trials] == [[(1, 29.0), (2, 30.0)]] * 2


def test_a_model_that_needs_a_gpu_fails_in_one_line_and_the_others_go_on(caplog):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")

    def train(trial):
        torch.nn.Linear(2, 1).to(trial.config["device"])
        return 1.0

    space = Space(device=Choice(("cpu", "cuda")), x=Choice((1, 2)))
    study = tune(train, space, minimize="loss", trials=4, search=Grid(2), workers=0)
    assert study.counts()["complete"] == study.counts()["failed"] == 2
    for one in study.trials:
        if one.config["device"] == "cuda":
            assert len(one.error.message.splitlines()) == 1
            assert "CUDA" in one.error.message or "NVIDIA" in one.error.message


def test_a_checkpoint_of_a_gpu_is_read_where_there_is_none(tmp_path):
    torch.save({"model": {"weight": torch.ones(2)}}, tmp_path / "cpu.pt")
    # What PyTorch writes for a tensor of a GPU differs in the name of the place only.
    with (
        zipfile.ZipFile(tmp_path / "cpu.pt") as old,
        zipfile.ZipFile(tmp_path / "gpu.pt", "w", zipfile.ZIP_STORED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("data.pkl"):
                assert b"\x03\x00\x00\x00cpu" in content
                content = content.replace(b"\x03\x00\x00\x00cpu", b"\x06\x00\x00\x00cuda:0")
            new.writestr(name, content)
    if not torch.cuda.is_available():
        with pytest.raises(RuntimeError, match="CUDA"):
            torch.load(tmp_path / "gpu.pt", weights_only=True)
    assert load_checkpoint(tmp_path / "gpu.pt")["model"]["weight"].tolist() == [1, 1]


def make_trial(resume_from=None):
    class Silent:
        halted = False

        def send(self, message):
            pass

    resumed = None if resume_from is None else str(resume_from)
    return LiveTrial(Start(0, {}, seed=1, resume_from=resumed), Silent())


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return (print, ("run",))


@pytest.mark.parametrize("write", ["torch", "pickle", "half", "nothing"])
def test_a_checkpoint_with_other_things_than_weights_is_refused(write, tmp_path, capsys):
    path = tmp_path / "checkpoint.pt"
    if write in ("torch", "half"):
        torch.save({"model": Trap() if write == "torch" else torch.ones(3)}, path)
    elif write == "pickle":
        path.write_bytes(pickle.dumps({"model": Trap()}, protocol=2))
    if write == "half":
        path.write_bytes(path.read_bytes()[:-100])
    model = torch.nn.Linear(2, 1)
    with pytest.raises(InputError) as caught:
        Report(make_trial(path), checkpoints=tmp_path, model=model)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert capsys.readouterr().out == ""


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    torch.save({"model": torch.nn.Linear(3, 1).state_dict()}, tmp_path / "other.pt")
    with pytest.raises(InputError, match="does not fit 'model'"):
        Report(make_trial(tmp_path / "other.pt"), checkpoints=tmp_path, model=torch.nn.Linear(2, 1))
    with pytest.raises(InputError, match=r"has \['model'\] and no 'network'"):
        Report(make_trial(tmp_path / "other.pt"), checkpoints=tmp_path, network=torch.nn.Linear(2, 1))


def test_a_state_that_could_not_be_read_back_is_refused_when_it_is_saved(tmp_path):
    class Part:
        def state_dict(self):
            return {"trap": Trap()}

        def load_state_dict(self, state):
            pass

    with pytest.raises(InputError, match="tensors and plain values only"):
        Report(make_trial(), checkpoints=tmp_path, part=Part())(loss=1.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
def test_settings_change_live_and_stay_in_the_checkpoint(name, tmp_path):
    model = torch.nn.Linear(2, 1)
    make = getattr(torch.optim, name)
    options = {"momentum": 0.5} if name != "Adam" else {}
    first = Report(make_trial(), checkpoints=tmp_path, optimizer=make(model.parameters(), 0.1, **options))
    first.set(learning_rate=0.02, momentum=0.8, weight_decay=0.01)
    first(loss=1.0)
    (path,) = tmp_path.iterdir()
    optimizer = make(model.parameters(), 0.1)
    again = Report(make_trial(path), checkpoints=tmp_path, optimizer=optimizer)
    assert again.settings == {"learning_rate": 0.02, "momentum": 0.8}
    assert optimizer.param_groups[0]["weight_decay"] == 0.01


def test_a_changed_rate_is_the_rate_of_the_next_step():
    model = torch.nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    report = Report(make_trial(), checkpoints=False, optimizer=optimizer)
    before = model.weight.item()
    report.set(learning_rate=0.25)
    model(torch.ones(1, 1)).sum().backward()
    optimizer.step()
    assert model.weight.item() == pytest.approx(before - 0.25)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"speed": 1.0}, "got 'speed'.*learning_rate"),
        ({"learning_rate": -1.0}, "got -1.0"),
        ({"momentum": 1.0}, r"in \[0, 1\)"),
        ({"learning_rate": float("nan")}, "got nan"),
    ],
)
def test_a_setting_that_cannot_be_changes_nothing(settings, said):
    optimizer = torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), 0.1)
    report = Report(make_trial(), checkpoints=False, optimizer=optimizer)
    with pytest.raises(InputError, match=said):
        report.set(**{"weight_decay": 0.5, **settings})
    assert optimizer.param_groups[0]["weight_decay"] == 0
    assert report.settings["learning_rate"] == 0.1


def test_a_report_says_what_it_cannot_keep():
    with pytest.raises(InputError, match="got no parts"):
        Report(make_trial(), checkpoints=False)
    with pytest.raises(InputError, match="got model=int"):
        Report(make_trial(), checkpoints=False, model=3)
    with pytest.raises(InputError, match="got 0"):
        Report(make_trial(), checkpoints=False, save_every=0, model=torch.nn.Linear(1, 1))


def test_a_loop_that_ends_by_itself_keeps_what_was_trained_last(tmp_path):
    last = {}

    def train(trial):
        torch.manual_seed(trial.seed)
        model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), trial.config["learning_rate"])
        report = Report(trial, checkpoints=tmp_path, model=model, optimizer=optimizer)
        for epoch in trial.epochs(50):
            loss = model(torch.ones(1, 1)).square().sum()
            loss.backward()
            optimizer.step()
            report(loss=loss)
            if epoch == 3:
                break
        last[trial.number] = model.weight.item()

    best = tune(train, SPACE, minimize="loss", trials=2, workers=0).best
    assert best.checkpoint_step == best.last_step == 3
    assert load_checkpoint(best.checkpoint)["model"]["weight"].item() == last[best.number]
    assert len(list(tmp_path.iterdir())) == 2


def test_by_default_few_checkpoints_are_written_and_the_last_epoch_is_among_them(tmp_path, monkeypatch):
    saved = []

    def write(report, path):
        saved.append(epoch)
        path.touch()

    monkeypatch.setattr("sturgeon.frameworks.torch.Report._write", write)
    trial = make_trial()
    report = Report(trial, checkpoints=tmp_path, model=torch.nn.Linear(2, 1))
    for epoch in trial.epochs(50):  # noqa: B007
        report(loss=1.0)
    assert saved == [1, 50]
    assert trial.can_save


def resumable_parts(rate, scheduled):
    torch.manual_seed(0)
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=0.9)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.5**epoch)
    return {"model": model, "optimizer": optimizer, **({"schedule": schedule} if scheduled else {})}


def checkpoint_after(parts, folder):
    report = Report(make_trial(), checkpoints=folder, save_every=1, **parts)
    parts["optimizer"].step()
    if "schedule" in parts:
        parts["schedule"].step()
    report(loss=1.0)
    (path,) = Path(folder).rglob("*.pt")
    return path


@pytest.mark.parametrize("scheduled", [False, True])
@pytest.mark.parametrize(("wins", "expected"), [("checkpoint", 0.1), ("code", 0.02)])
def test_a_changed_learning_rate_is_said_and_the_caller_chooses(tmp_path, caplog, scheduled, wins, expected):
    path = checkpoint_after(resumable_parts(0.1, scheduled), tmp_path)
    parts = resumable_parts(0.02, scheduled)
    Report(make_trial(path), checkpoints=tmp_path / "again", settings=wins, **parts)
    group = parts["optimizer"].param_groups[0]
    assert group["lr"] == pytest.approx(expected * (0.5 if scheduled else 1.0))
    if scheduled:
        parts["optimizer"].step()
        parts["schedule"].step()
        assert group["lr"] == pytest.approx(expected * 0.25)
    said = "learning_rate 0.02 instead of 0.1" in caplog.text
    assert said == (wins == "checkpoint")


def test_an_unchanged_optimiser_is_resumed_without_a_word(tmp_path, caplog):
    path = checkpoint_after(resumable_parts(0.1, True), tmp_path)
    Report(make_trial(path), checkpoints=tmp_path / "again", **resumable_parts(0.1, True))
    assert "instead of" not in caplog.text
    with pytest.raises(InputError, match="'checkpoint' or 'code'; got 'mine'"):
        Report(make_trial(), checkpoints=False, settings="mine", **resumable_parts(0.1, False))
