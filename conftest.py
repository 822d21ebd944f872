"""How the tests and the examples in docstrings are run."""

import gc
import os
import signal
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest

# Each of these frameworks brings its own copies of what the others bring too (threads, protocol buffers). A
# process that has loaded them all may end without a word: their tests run in processes of their own.
collect_ignore = [
    f"src/sturgeon/frameworks/{name}"
    for name in ("keras", "paddle", "lightning.py", "torch/lightning.py", "torch/lightning_panda.py")
]

# The tests run in more processes than there are cores: more threads in each would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# JAX takes far longer to compile programs than tests take to run them: a fifth of it without XLA's dear
# optimisations and its newer code generator. What these might change, to the last bit, is tested with them
# (`as_users_compile`). XLA ends a process that gives it a flag it does not know: hence the version.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
if version("jaxlib").startswith("0.10."):
    quickly = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
    os.environ.setdefault("XLA_FLAGS", quickly)

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

# Files whose tests read what scripts of one process came to (`ran_in`): they stay in one process too.
FRAMEWORK_SCRIPTS = tuple(
    f"tests/{name}.py"
    for name in (
        "frameworks/keras/test_keras",
        "frameworks/keras/test_keras_lanes",
        "frameworks/paddle/test_paddle",
        "frameworks/test_copied_trials",
        "frameworks/test_same_network",
        "frameworks/test_tended",
        "frameworks/torch/test_lightning",
        "test_documentation",
    )
)

SOURCES = Path(__file__).parent / "src"

# Imports make a million objects that stay to the end: looking through them for rubbish gains nothing, and
# little by doing so as often afterwards as Python does, which JAX makes dear.
gc.disable()
gc.set_threshold(100_000, 20, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One process more than there are cores: tests wait for the browsers and processes that they start."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return 1 + (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def pytest_ignore_collect(collection_path):
    """Leave out the modules that have no example in a docstring: to import them takes long."""
    if collection_path.suffix == ".py" and collection_path.is_relative_to(SOURCES):
        return ">>>" not in collection_path.read_text(encoding="utf-8") or None
    return None


def pytest_collection_modifyitems(items):
    """Sort the tests, and leave those of a file in their order."""
    places = {prefix: place for place, prefix in enumerate(LONG)}
    items.sort(
        key=lambda item: next((p for prefix, p in places.items() if item.nodeid.startswith(prefix)), 99)
    )


def pytest_collection_finish():
    """Look for rubbish again."""
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Deal the tests out file by file, and some files together."""
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "framework scripts" if file in FRAMEWORK_SCRIPTS else file

    return Together(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_terminal_summary(terminalreporter):
    """Say on CI where the time went: the parts of the check, and the rooms, by the seconds of their tests."""
    if "CHECK_TIMES" not in os.environ:
        return
    rooms, files = Counter(), Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if duration := getattr(report, "duration", None):
                file = report.nodeid.split("::")[0]
                rooms["/".join(file.split("/")[:2])] += duration
                files[file] += duration
    terminalreporter.section("where the time went")
    terminalreporter.write(Path(os.environ["CHECK_TIMES"]).read_text())
    for name, counted in (("rooms", rooms), ("files", files)):
        told = ", ".join(f"{one} {seconds:.0f} s" for one, seconds in counted.most_common(20))
        terminalreporter.write_line(f"tests by {name}, seconds of one process: {told}")
