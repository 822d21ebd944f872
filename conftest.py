"""How the tests and the examples in docstrings are run."""

import os

# Each of these frameworks brings its own copies of what the others bring too (threads, protocol buffers). A
# process that has loaded them all may end without a word: their tests run in processes of their own.
collect_ignore = [
    f"src/sturgeon/frameworks/{name}"
    for name in ("keras", "paddle", "lightning.py", "torch/lightning.py", "torch/lightning_panda.py")
]

# The tests run in as many processes as there are cores: more threads in each would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What takes long comes first, so that the processes end at about the same time.
LONG = ("tests/caviar", "tests/cli", "tests/frameworks", "tests/network", "tests/test_documentation.py")


def pytest_collection_modifyitems(items):
    """Sort the tests, and leave those of a file in their order."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
