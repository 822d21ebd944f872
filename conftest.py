"""How the tests and the examples in docstrings are run."""

import gc
import os
import signal

# Each of these frameworks brings its own copies of what the others bring too (threads, protocol buffers). A
# process that has loaded them all may end without a word: their tests run in processes of their own.
collect_ignore = [
    f"src/sturgeon/frameworks/{name}"
    for name in ("keras", "paddle", "lightning.py", "torch/lightning.py", "torch/lightning_panda.py")
]

# The tests run in as many processes as there are cores: more threads in each would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that starts the tests in the background has them ignore Ctrl-C, and every process that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What takes long comes first, so that the processes end at about the same time.
LONG = (
    "tests/test_documentation.py",
    "tests/frameworks",
    "tests/caviar",
    "tests/dashboard",
    "tests/study/test_ordeals.py",
    "tests/notes",
    "tests/cli",
    "tests/documentation/test_site.py",
    "tests/network",
)

# Imports make a million objects that stay to the end: looking through them for rubbish gains nothing, and
# little by doing so as often afterwards as Python does, which JAX makes dear.
gc.disable()
gc.set_threshold(100_000, 20, 50)


def pytest_collection_modifyitems(items):
    """Sort the tests, and leave those of a file in their order."""
    places = {prefix: place for place, prefix in enumerate(LONG)}
    items.sort(
        key=lambda item: next((p for prefix, p in places.items() if item.nodeid.startswith(prefix)), 99)
    )


def pytest_collection_finish():
    """Look for rubbish again."""
    gc.enable()
