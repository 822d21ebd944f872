"""A framework that is not installed: one line says what to install."""

import subprocess
import sys

import pytest

CASES = {
    "torch": ("torch", "import sturgeon.frameworks.torch"),
    "flax": ("flax", "import sturgeon.frameworks.flax"),
    "equinox": ("equinox", "import sturgeon.frameworks.equinox"),
    "lightning": ("lightning", "import sturgeon.frameworks.lightning"),
    "paddle": ("paddle", "import sturgeon.frameworks.paddle"),
    "tensorboard": (
        "tensorboardX",
        "from sturgeon.frameworks import tensorboard; tensorboard.log(None, 'x')",
    ),
    "mlflow": ("mlflow", "from sturgeon.frameworks import mlflow; mlflow.log(None)"),
    "comet": ("comet_ml", "from sturgeon.frameworks import comet; comet.logger()"),
    "wandb": ("wandb", "from sturgeon.frameworks import wandb; wandb.logger()"),
}


@pytest.mark.parametrize("extra", CASES)
def test_a_missing_extra_is_one_line_that_says_what_to_install(extra):
    package, statement = CASES[extra]
    hidden = (
        "import importlib.abc, sys\n"
        "class Hide(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name.partition('.')[0] == {package!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hide())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", hidden + statement], capture_output=True, text=True, check=False
    )
    last = ran.stderr.strip().splitlines()[-1]
    assert last.startswith("sturgeon.errors.MissingExtra: ")
    assert f'pip install "sturgeon[{extra}]"' in last
