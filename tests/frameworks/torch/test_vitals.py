"""An optimiser's steps are measured now and then, beside the weights that they change."""

import gc

import pytest

torch = pytest.importorskip("torch", reason="needs the extra torch")

from sturgeon.frameworks.torch.vitals import StepWatch  # noqa: E402  (imports PyTorch)


def rms(values):
    return values.detach().double().square().mean().sqrt().item()


@pytest.fixture
def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))


@pytest.fixture
def one_step():
    """Take a step of an optimiser; gives the weights before it, and their gradients."""

    def take(model, optimizer):
        optimizer.zero_grad()
        model(torch.ones(5, 4)).square().mean().backward()
        matrices = [model[0].weight, model[2].weight]
        before = [w.detach().clone() for w in matrices]
        optimizer.step()
        return before, [w.grad.clone() for w in matrices]

    return take


def test_a_step_is_measured_beside_the_weights_that_it_changes_and_biases_are_left_out(model, one_step):
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watch = StepWatch([optimizer])
    assert watch.vitals() is None
    weights, gradients = one_step(model, optimizer)
    seen = watch.vitals()
    assert seen.gradients == pytest.approx([rms(g) for g in gradients])
    expected = [0.1 * rms(g) / rms(w) for g, w in zip(gradients, weights, strict=True)]
    assert seen.updates == pytest.approx(expected, rel=1e-4)


def test_it_looks_at_steps_1_2_4_and_so_on_and_at_every_64th(model, one_step):
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    watch, looked, before = StepWatch([optimizer]), [], None
    for step in range(1, 200):
        one_step(model, optimizer)
        if watch.vitals() != before:
            looked.append(step)
        before = watch.vitals()
    assert looked == [1, 2, 4, 8, 16, 32, 64, 128, 192]


def test_of_several_optimisers_none_is_measured(model, one_step):
    optimizer = torch.optim.SGD(model[0].parameters(), 0.1)
    watch = StepWatch([optimizer, torch.optim.SGD(model[2].parameters(), 0.1)])
    one_step(model, optimizer)
    assert watch.vitals() is None


def test_an_optimiser_that_lives_on_is_watched_no_longer(model, one_step):
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watch = StepWatch([optimizer])
    one_step(model, optimizer)
    del watch
    gc.collect()
    one_step(model, optimizer)  # nobody measures it, and nothing fails
