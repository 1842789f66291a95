"""What the outcomes of studies have in common: one leading table, options, and files they are written to."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, ClassVar

from . import _core
from ._frames import Arrow
from ._output import write_file, write_parquet
from .archive import from_bytes, save, to_bytes

if TYPE_CHECKING:
    import pandas as pd

    from .network import Network


class Outcome(Arrow):
    """A result with one leading table, which is what it is as an Arrow stream (``polars.DataFrame(result)``)."""

    #: What it is, in saved files.
    _KIND: ClassVar[str]

    def __init__(self, network: Network, options: dict[str, Any], seconds: float) -> None:
        #: The network it is about.
        self.network = network
        #: The options in force, by name.
        self.options = options
        #: Wall-clock time of the call, s.
        self.seconds = seconds
        self._version = _core.__version__

    @property
    def version(self) -> str:
        """The version of nodalroom that made it."""
        return self._version

    @property
    def case_hash(self) -> str:
        """SHA-256 of the case, edits included: that of :attr:`Network.case_hash`."""
        return self.network.case_hash

    @property
    def table(self) -> pd.DataFrame:
        """The leading table."""
        raise NotImplementedError

    def _about(self) -> dict[str, Any]:
        """What it is an outcome of, beside its tables."""
        return {"nodalroom": self.version, "case": self.network.name, "source": self.network.source}

    def _content(self) -> dict[str, Any]:
        """Its tables by name, as JSON can hold them."""
        raise NotImplementedError

    def _asked(self) -> dict[str, Any]:
        """What was asked, as JSON can hold it: for :func:`load`, beside the result."""
        raise NotImplementedError

    def _tables(self) -> dict[str, pd.DataFrame]:
        """Its tables by name, for readers without nodalroom."""
        raise NotImplementedError

    @classmethod
    def _restored(cls, asked_of: Any, saved: dict[str, Any], result: dict[str, Any]) -> Outcome:
        """Puts one together again of the network or study it was asked of, what :meth:`_asked` gave, and the result."""
        raise NotImplementedError

    def __reduce__(self) -> tuple[Any, ...]:
        return from_bytes, (to_bytes(self),)

    def _arrow_frame(self) -> pd.DataFrame:
        return self.table

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """``table`` as comma-separated values, in a .csv file; without a path, the text.

        Missing: empty; infinite: inf.
        """
        with_index = self.table.index.name is not None
        if path is None:
            return str(self.table.to_csv(index=with_index))
        write_file(path, (".csv",), lambda file: self.table.to_csv(file, index=with_index))
        return None

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """``table`` as Parquet, options in its metadata (``attrs`` in pandas). Needs ``nodalroom[parquet]``."""
        frame = self.table.copy()
        frame.attrs["nodalroom"] = self._about()
        write_file(path, (".parquet",), lambda file: write_parquet(frame, file))

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """One JSON object with what was asked, the options and every table; without a path, the text.

        JSON has no NaN and no infinity: null stands for what is missing, and the text ``"inf"``, as in CSV, for
        infinity (no such limit up to the cap).
        """
        text = json.dumps({**self._about(), **self._content()}, indent=1, allow_nan=False)
        if path is None:
            return text
        write_file(path, (".json",), lambda file: file.write_text(text + "\n", encoding="utf-8"))
        return None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes it, with its case and options, to a .nodalroom file that :func:`load` reads: a zip of JSON, text and
        plain arrays (docs/python.md), in which nothing is executable. Pickling gives the same bytes.

        Raises:
            OptionError: the file cannot be written, or its name does not end in .nodalroom.
        """
        save(self, path)
