"""What the extension module asks of the system: KLU and HiGHS as shared libraries, and no GPL part of SuiteSparse."""

import re
import shutil
import subprocess
from pathlib import Path

import highsbox
import pytest
from nodalroom import _core

REQUIRED = {"libklu", "libhighs"}
ALLOWED = REQUIRED | {
    "libamd", "libcolamd", "libbtf", "libsuitesparseconfig",
    "libgomp", "libstdc++", "libgcc_s", "libm", "libc", "libpthread", "ld-linux-x86-64", "ld-linux-aarch64",
}  # fmt: skip


needs_readelf = pytest.mark.skipif(shutil.which("readelf") is None, reason="needs readelf (binutils)")


def dynamic_section():
    command = ["readelf", "--dynamic", "--wide", _core.__file__]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@needs_readelf
def test_shared_libraries():
    needed = {name.split(".so")[0] for name in re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic_section())}
    assert needed <= ALLOWED
    assert needed >= REQUIRED


@needs_readelf
def test_highs_is_found_in_the_package_that_brings_it():
    (paths,) = re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.+)\]", dynamic_section())
    origin = str(Path(_core.__file__).parent)
    (folder,) = (Path(path.replace("$ORIGIN", origin)) for path in paths.split(":"))
    assert folder.resolve() == Path(highsbox.highs_lib_dir()).resolve()
    assert paths.startswith("$ORIGIN/"), "a folder of the machine that built it"
    maps = [line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text().splitlines()]
    loaded = {Path(fields[5]) for fields in maps if len(fields) == 6 and "libhighs" in fields[5]}
    assert {path.resolve() for path in loaded} == {folder.resolve() / "libhighs.so"}
