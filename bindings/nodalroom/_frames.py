"""Columns of the extension module as pandas DataFrames, and those as Arrow streams."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from .errors import OptionError


def to_frame(columns: dict[str, Any], index: str | None = None) -> pd.DataFrame:
    """A DataFrame of columns; texts that are missing are None, rows that are missing are <NA>."""
    data: dict[str, Any] = {}
    for name, values in columns.items():
        if isinstance(values, tuple) and isinstance(values[1], list):
            data[name] = categories(*values)
        elif isinstance(values, tuple):
            data[name] = pd.arrays.IntegerArray(values[0], values[1])
        elif isinstance(values, list):
            # Said twice, or pandas 3 makes its own texts of them, with NaN for None.
            data[name] = pd.Series(np.array(values, dtype=object), dtype=object)
        else:
            data[name] = values
    frame = pd.DataFrame(data, copy=False)
    return frame.set_index(index) if index is not None else frame


def categories(codes: np.ndarray, words: list[str]) -> pd.Categorical:
    """Texts that many rows have, each kept once. Bytes that are not UTF-8 may have made one text of two."""
    distinct = list(dict.fromkeys(words))
    if len(distinct) < len(words):
        code_of = {word: code for code, word in enumerate(distinct)}
        codes = np.append([code_of[word] for word in words], -1)[codes]
    return pd.Categorical.from_codes(codes, categories=pd.Index(distinct, dtype=object))


class Arrow:
    """A result that other tools take as an Arrow stream (the Arrow PyCapsule interface)."""

    def _arrow_frame(self) -> pd.DataFrame:
        raise NotImplementedError

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The leading table as an Arrow stream: its index (such as ``bus``) is the first column, texts are
        strings, and what is missing, NaN too, is null. Needs ``nodalroom[parquet]``.

        Raises:
            OptionError: pyarrow is not installed.
        """
        return to_arrow(self._arrow_frame()).__arrow_c_stream__(requested_schema)


def to_arrow(frame: pd.DataFrame) -> Any:
    """A table of pyarrow."""
    if find_spec("pyarrow") is None:
        raise OptionError("Arrow streams need pyarrow: pip install 'nodalroom[parquet]'")
    pyarrow: Any = import_module("pyarrow")  # which says no types
    if frame.index.name is not None:
        frame = frame.reset_index()
    columns = {}
    for name in frame.columns:
        # Said for texts, or a column of nothing but None would have no type.
        is_text = frame[name].dtype == object or isinstance(frame[name].dtype, pd.CategoricalDtype)
        values = frame[name].astype(object) if is_text else frame[name]
        columns[str(name)] = pyarrow.Array.from_pandas(values, type=pyarrow.string() if is_text else None)
    return pyarrow.table(columns)
