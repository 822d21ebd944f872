"""On the path of processes that load Keras: it then does not find packages that it would only adapt to.

Their imports are a third of its own, and what the tests train has no use for the adapters. Once Keras is
loaded, they are found as ever.
"""

import sys

HIDDEN = {"IPython", "matplotlib", "sklearn"}


class LeanKeras:
    """Says of some packages that they are not there, for as long as Keras is being imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        keras = getattr(sys.modules.get("keras"), "__spec__", None)
        if name in HIDDEN and getattr(keras, "_initializing", False):
            raise ModuleNotFoundError(f"{name} is hidden from Keras", name=name)


sys.meta_path.insert(0, LeanKeras)
