"""Keras's own ``fit`` under a trial, and what is refused."""

import re
from pathlib import Path

import pytest

from keras_scripts import needs_keras, run, run_script


@needs_keras
def test_a_fit_is_reported_and_goes_on_where_it_was_paused_or_killed(tmp_path):
    run_script("keras_report.py", tmp_path)


@needs_keras
@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_learning_rate_and_momentum_change_live(backend, tmp_path):
    run_script("keras_live.py", tmp_path, backend)


@needs_keras
def test_a_builder_and_data_are_tuned_and_bad_input_is_one_line(tmp_path):
    run_script("keras_tune.py", tmp_path)


@needs_keras
def test_the_program_on_the_page_for_users_of_kerastuner_runs(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "keras-tuner.md").read_text()
    data, _, ours = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    small = ours.replace("trials=12", "trials=1").replace("epochs=10", "epochs=1")
    program = data + small.replace("workers=2", "workers=0") + "print(best_model.predict(x_val).shape)"
    ran = run(["-c", program], tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "(540, 10)" in ran.stdout


def test_the_adapter_loads_no_keras_until_it_is_used(tmp_path):
    code = "import sys; from sturgeon.frameworks import keras; dir(keras); print('keras' in sys.modules)"
    assert run(["-c", code], tmp_path).stdout.strip() == "False"


@pytest.mark.parametrize("use", ["keras.Report", "keras.tune(print, None, None)", "keras.population"])
def test_without_keras_one_line_says_what_to_install(use, tmp_path):
    code = f"import sys; sys.modules['keras'] = None; from sturgeon.frameworks import keras; {use}"
    last = run(["-c", code], tmp_path).stderr.strip().splitlines()[-1]
    assert last.startswith("sturgeon.errors.MissingExtra: keras is needed here")
    assert 'pip install "sturgeon[keras]"' in last


def test_without_the_backend_one_line_says_what_to_install(tmp_path):
    pytest.importorskip("keras")
    code = "import sys; sys.modules['tensorflow'] = None; from sturgeon.frameworks.keras import Report"
    last = run(["-c", code], tmp_path).stderr.strip().splitlines()[-1]
    assert 'tensorflow is needed here and is not installed; run: pip install "sturgeon[keras]"' in last
