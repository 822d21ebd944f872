"""The notebook of the week runs from top to bottom."""

import json
from pathlib import Path

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
