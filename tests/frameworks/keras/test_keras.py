"""Keras's own ``fit`` under a trial, and what is refused."""

import pytest

from keras_scripts import needs_keras, run


@needs_keras
@pytest.mark.parametrize("script", ["keras_live.py", "keras_report.py", "page.py", "keras_tune.py"])
def test_a_script_runs_to_its_end(script, ran_in):
    error = ran_in("keras")[1][script].error
    assert error is None, error


def test_the_adapter_loads_no_keras_until_it_is_used(tmp_path):
    code = "import sys; from sturgeon.frameworks import keras; dir(keras); print('keras' in sys.modules)"
    assert run(["-c", code], tmp_path).stdout.strip() == "False"


@pytest.mark.parametrize("use", ["keras.Report", "keras.tune(print, None, None)", "keras.population"])
def test_without_keras_one_line_says_what_to_install(use, tmp_path):
    code = f"import sys; sys.modules['keras'] = None; from sturgeon.frameworks import keras; {use}"
    last = run(["-c", code], tmp_path).stderr.strip().splitlines()[-1]
    assert last.startswith("sturgeon.errors.MissingExtra: keras is needed here")
    assert 'pip install "sturgeon[keras]"' in last


@needs_keras
def test_without_the_backend_one_line_says_what_to_install(tmp_path):
    code = "import sys; sys.modules['tensorflow'] = None; from sturgeon.frameworks.keras import Report"
    last = run(["-c", code], tmp_path).stderr.strip().splitlines()[-1]
    assert 'tensorflow is needed here and is not installed; run: pip install "sturgeon[keras]"' in last
