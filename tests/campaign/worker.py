"""A worker process: takes numbers of tasks from its input, and tells what it does in lines of JSON."""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from .tasks import Task


def main() -> None:
    faulthandler.enable()
    # Nothing else may write among the lines that are told.
    told = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def tell(message: dict[str, Any]) -> None:
        told.write(json.dumps(message) + "\n")
        told.flush()

    with tempfile.TemporaryDirectory(prefix="nodalroom-campaign-") as folder:
        for line in sys.stdin:
            seed, number = json.loads(line)
            tell({"begun": number})
            checks = Task(seed, number, Path(folder), tell).run()
            tell({"done": number, **checks.told()})


if __name__ == "__main__":
    main()
