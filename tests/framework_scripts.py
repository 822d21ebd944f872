"""Scripts and examples of a framework run in one process of their own: importing it takes longest."""

import functools
import importlib.util
import re
from pathlib import Path

import pytest

from network_problem import write_problem
from script_runs import LEAN_KERAS, run_scripts

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
SCRIPTS_FOLDER = ROOT / "tests" / "frameworks" / "scripts"
PAGE = ROOT / "docs" / "keras-tuner.md"
HOW_TO = ROOT / "docs" / "how-to"
# Pages whose Python is run as it is there, but for how much is trained, by the framework that they are about.
HOW_TOS = {"torch": "my-pytorch-loop", "keras": "my-keras-model"}
# What an example imports where it is one of a framework, and not of JAX, which comes with Sturgeon.
FRAMEWORKS = {"keras": {"tensorflow", "keras"}, "torch": {"torch"}, "paddle": {"paddle"}}
# The scripts of each framework, in their order after the examples, and the file of tests that reads what
# became of each. The last change what holds for the whole process: the kind of numbers, and Keras's the
# environment.
SCRIPTS = {
    "torch": {
        "torch_tended.py": "test_tended.py",
        "torch_copied.py": "test_copied_trials.py",
        "lightning_tended.py": "test_tended.py",
        "lightning_copied.py": "test_copied_trials.py",
        "lightning_trials.py": "test_lightning.py",
        "same_network/in_torch.py": "test_same_network.py",
    },
    "paddle": {
        "paddle_tended.py": "test_tended.py",
        "paddle_copied.py": "test_copied_trials.py",
        "paddle_trials.py": "test_paddle.py",
        "paddle_notes.py": "test_same_network.py",
        "same_network/in_paddle.py": "test_same_network.py",
    },
    "keras": {
        "keras_tended.py": "test_tended.py",
        "keras_copied.py": "test_copied_trials.py",
        "keras_live.py": "test_keras.py",
        "keras_report.py": "test_keras.py",
        "page.py": "test_keras.py",
        "keras_on_tensorflow.py": "test_keras_lanes.py",
        "keras_notes.py": "test_same_network.py",
        "keras_tune.py": "test_keras.py",
        "same_network/in_keras.py": "test_same_network.py",
    },
    "flax": {"same_network/in_flax.py": "test_same_network.py"},
}
ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",
    "KERAS_BACKEND": "tensorflow",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PYTHONPATH": LEAN_KERAS,
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TRIALS": "1",  # of an example
}


def framework_of(example):
    """The framework that an example imports; those of JAX run with Flax's."""
    imported = {*re.findall(r"^(?:import|from) (\w+)", example.read_text(), re.MULTILINE)}
    return next((name for name, modules in FRAMEWORKS.items() if modules & imported), "flax")


@pytest.fixture(scope="session")
def ran_in(request, tmp_path_factory):
    """Run what the chosen tests read of a framework's: the folder, and what became of each script."""
    chosen = {item.path.name for item in request.session.items}

    @functools.cache
    def run(framework):
        folder = tmp_path_factory.mktemp(framework)
        write_problem(folder / "problem.npz")
        write_page(folder / "page.py")
        wanted = [name for name, tests in SCRIPTS[framework].items() if tests in chosen]
        if importlib.util.find_spec("lightning") is None:
            wanted = [name for name in wanted if not name.startswith("lightning")]
        scripts = [(folder if name == "page.py" else SCRIPTS_FOLDER) / name for name in wanted]
        if "test_documentation.py" in chosen:
            examples = sorted(EXAMPLES.glob("*.py"))
            scripts[:0] = [example for example in examples if framework_of(example) == framework]
            if framework in HOW_TOS:
                scripts.insert(0, write_how_to(HOW_TOS[framework], folder))
        return folder, run_scripts(scripts, folder, **ENVIRONMENT)

    return run


def write_page(path):
    """Write the Python of the page on KerasTuner, with less to train."""
    data, theirs, theirs_here, ours, best_epoch = re.findall(
        r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL
    )
    model = theirs[theirs.index("def build_model") : theirs.index("tuner = ")]
    shape = "assert best_model.predict(x_val).shape == (540, 10)\n"
    whole = data + model + theirs_here + shape + ours + shape + best_epoch
    path.write_text(whole.replace(", trials=12", ", trials=1, workers=0").replace("epochs=10", "epochs=1"))


def write_how_to(name, folder):
    """Write the Python of a page of docs/how-to, with less to train; gives the script's path."""
    source = "\n".join(re.findall(r"```python\n(.*?)```", (HOW_TO / f"{name}.md").read_text(), re.DOTALL))
    for asked, less in (
        (r"trials=\d+", "trials=2"),
        ("workers=2", "workers=0"),
        (r"epochs=10\b", "epochs=1"),
    ):
        source = re.sub(asked, less, source)
    path = folder / f"{name}.py"
    path.write_text(source)
    return path
