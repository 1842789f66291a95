"""The notebooks of examples/ run from top to bottom, and are kept without outputs."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import DATA
from nbclient import NotebookClient

EXAMPLES = DATA.parent / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} == {
        "comparing_assumptions",
        "first_study",
        "from_node_to_upgrade_list",
    }


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(path, tmp_path, monkeypatch):
    # A copy beside a link to the data: what a notebook writes stays out of the repository.
    (tmp_path / "data").symlink_to(DATA)
    folder = tmp_path / "examples"
    folder.mkdir()
    shutil.copy(path, folder)
    kernels = tmp_path / "jupyter" / "kernels" / "python3"
    kernels.mkdir(parents=True)
    kernel = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": kernel, "display_name": "Python 3", "language": "python"}
    (kernels / "kernel.json").write_text(json.dumps(spec))
    # The kernel is this Python, whatever others the machine has.
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # pictures are drawn into the notebook
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute()  # raises with the cell and its traceback
    pictures = 0
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        assert "Warning" not in str(outputs), outputs
        pictures += sum("image/png" in out.get("data", {}) for out in outputs)
        draws = "nr.plots." in cell.source and cell.cell_type == "code"
        assert draws == any("image/png" in out.get("data", {}) for out in outputs), cell.source
    assert pictures >= 3


def test_links_lead_somewhere():
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            for link in cell.source.split("](")[1:] if cell.cell_type == "markdown" else []:
                target = link.split(")")[0].split("#")[0]
                assert (Path(path.parent) / target).exists(), f"{path.name}: {target}"
