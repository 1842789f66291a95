"""Columns of the extension module as pandas DataFrames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def to_frame(columns: dict[str, Any], index: str | None = None) -> pd.DataFrame:
    """A DataFrame of columns; texts that are missing are None, rows that are missing are <NA>."""
    data: dict[str, Any] = {}
    for name, values in columns.items():
        if isinstance(values, tuple):
            data[name] = pd.arrays.IntegerArray(values[0], values[1])
        elif isinstance(values, list):
            # Said twice, or pandas 3 makes its own texts of them, with NaN for None.
            data[name] = pd.Series(np.array(values, dtype=object), dtype=object)
        else:
            data[name] = values
    frame = pd.DataFrame(data, copy=False)
    return frame.set_index(index) if index is not None else frame
