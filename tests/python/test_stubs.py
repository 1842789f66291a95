"""The stubs of the extension module say what it says."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import nodalroom
import pytest


@pytest.mark.skipif(importlib.util.find_spec("pybind11_stubgen") is None, reason="needs pybind11-stubgen")
def test_stubs_are_current(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pybind11_stubgen", "nodalroom._core", "--output-dir", tmp_path, "--exit-code"],
        check=True,
    )
    generated = (tmp_path / "nodalroom" / "_core.pyi").read_text()
    shipped = (Path(nodalroom.__file__).parent / "_core.pyi").read_text()
    assert shipped == generated, "put right with: script/stubs"
