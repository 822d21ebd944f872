"""Export two studies on the command line, and predict with it. Usage: export_studies.py FOLDER FORMAT ..."""

import json
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from sturgeon.cli.main import main

folder = Path(sys.argv[1])
for form in sys.argv[2:]:
    for study in ("classes", "number"):
        path = folder / f"{study}.{form}"
        printed = StringIO()
        with redirect_stdout(printed):
            assert main(["export", str(folder / study), "--format", form, "-o", str(path), "--json"]) == 0
        path.with_name(f"{path.name}.json").write_text(json.dumps(json.loads(printed.getvalue())))
        rows, predicted = folder / "rows.parquet", folder / f"{path.name}.csv"
        assert main(["predict", str(path), str(rows), "-o", str(predicted)]) == 0
