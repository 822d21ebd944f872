"""The notebook of the week runs from top to bottom."""

import json
from pathlib import Path

import numpy as np

NOTEBOOK = Path(__file__).parent.parent.parent / "examples" / "notes.ipynb"


def test_every_cell_of_the_notebook_runs():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    seen = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), seen)
    assert seen["shares"]["linear"] > 0.85
    assert seen["shares"]["log"] < 0.35
    assert seen["best"]["grid"][0] == 5
    assert seen["best"]["random"][0] == 25
    assert seen["found"].verdict == "holds"
    assert min(seen["decades"]) > 0.4
    assert seen["result"].test["accuracy"] > 0.9
    assert seen["costs"][4] > seen["costs"][0] > seen["costs"][-1]  # until somebody stepped in
    assert np.abs(seen["together"][:5] - seen["alone"]).max() < 1e-6
    assert seen["scores"][0.01] > 0.85
    assert seen["checked"].verdict == "still right"
