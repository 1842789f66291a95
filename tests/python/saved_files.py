"""Saved files that were tampered with, for tests of what is refused."""

import hashlib
import io
import json
import zipfile

import nodalroom as nr
import pytest


def refusal(content, tmp_path):
    path = tmp_path / "bad.nodalroom"
    path.write_bytes(content)
    with pytest.raises(nr.InputError) as caught:
        nr.load(path)
    assert caught.value.file == str(path)
    return caught.value.problem


def remade(content, change, rehash=True):
    """The file with its members changed by a function, and hashed anew."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    change(members)
    if rehash:
        manifest = json.loads(members["manifest.json"])
        manifest["sha256"] = {
            name: hashlib.sha256(members[name]).hexdigest() for name in members if name != "manifest.json"
        }
        members["manifest.json"] = json.dumps(manifest).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return out.getvalue()


def with_json(member, change):
    def edit(members):
        content = json.loads(members[member])
        change(content)
        members[member] = json.dumps(content).encode()

    return edit


def lacks(name):
    return lambda members: members.pop(name)
