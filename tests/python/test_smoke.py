"""The installed package: it imports, and its parts agree on what they are."""

import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import nodalroom


def test_version_is_the_same_everywhere():
    in_the_tree = (Path(__file__).parents[2] / "VERSION").read_text().strip()
    assert nodalroom.__version__ == metadata.version("nodalroom") == in_the_tree
    citation = (Path(__file__).parents[2] / "CITATION.cff").read_text()
    assert f"\nversion: {in_the_tree}\n" in citation


def test_package_says_it_is_typed():
    assert (Path(nodalroom.__file__).parent / "py.typed").is_file()


def test_command_is_installed():
    command = Path(sysconfig.get_path("scripts")) / "nodalroom"
    result = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["nodalroom", nodalroom.__version__]


def test_nothing_is_imported_from_the_source_tree():
    assert Path(__file__).parents[2] / "bindings" not in Path(nodalroom.__file__).parents, sys.path
