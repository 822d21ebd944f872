"""Data frames as an estimator's inputs: which are taken column by column, and which as plain numbers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def is_table(x: Any) -> bool:
    """Whether it is a data frame of pandas; that is not loaded to tell."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(x, pandas.DataFrame)


def of_pandas(x: Any) -> Any:
    """A data frame of Polars, or a table of Arrow, as one of pandas; whatever else stays as it is.

    Example:
        >>> import pyarrow as pa
        >>> of_pandas(pa.table({"river": ["Elbe", None]})).shape, of_pandas([[1.0]])
        ((2, 1), [[1.0]])
    """
    if is_table(x) or not (hasattr(x, "__arrow_c_stream__") and hasattr(x, "columns")):
        return x
    from sturgeon.data.reading.sources import as_frame

    return as_frame(x)


def has_text_or_gaps(x: Any) -> bool:
    """Whether it is a data frame with a column that is not of numbers, or with a missing cell.

    Example:
        >>> import pandas as pd
        >>> numbers = pd.DataFrame({"length": [1.0, 2.0]})
        >>> has_text_or_gaps(numbers), has_text_or_gaps(numbers.assign(river=["Elbe", None]))
        (False, True)
    """
    if not is_table(x):
        return False
    from pandas.api.types import is_numeric_dtype

    return not all(map(is_numeric_dtype, x.dtypes)) or bool(x.isna().to_numpy().any())


def as_table(x: np.ndarray) -> pd.DataFrame:
    """Numbers ``[rows, features]`` as a table."""
    import pandas as pd

    return pd.DataFrame(x, columns=pd.Index([f"x{number}" for number in range(x.shape[1])]))
