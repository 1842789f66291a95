"""What the extension module asks of the system: KLU as a shared library, and no GPL part of SuiteSparse."""

import re
import shutil
import subprocess

import pytest
from nodalroom import _core

ALLOWED = {
    "libklu", "libamd", "libcolamd", "libbtf", "libsuitesparseconfig",
    "libgomp", "libstdc++", "libgcc_s", "libm", "libc", "libpthread", "ld-linux-x86-64", "ld-linux-aarch64",
}  # fmt: skip


@pytest.mark.skipif(shutil.which("readelf") is None, reason="needs readelf (binutils)")
def test_shared_libraries():
    dynamic = subprocess.run(["readelf", "--dynamic", _core.__file__], capture_output=True, text=True, check=True)
    needed = {name.split(".so")[0] for name in re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic.stdout)}
    assert needed <= ALLOWED
