"""Docstrings of functions in Google's style, as napoleon reads them; those of properties as plain text.

Napoleon takes what stands before a property's first colon for its type. Here it is the beginning of a sentence.
"""

from __future__ import annotations

from sphinx.ext.napoleon import Config, GoogleDocstring

STYLE = Config(napoleon_use_param=False, napoleon_use_rtype=False)


def _read(app, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    if what not in ("attribute", "data", "property"):
        lines[:] = GoogleDocstring(lines, STYLE, app, what, name, obj, options).lines()


def _no_private_constructor(app, what, name, obj, options, signature, returns):
    """Classes that only the package itself makes are shown without how."""
    if what == "class" and "_core" in (signature or ""):
        return "", None
    return signature, returns


def setup(app) -> dict[str, bool]:
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", _read)
    app.connect("autodoc-process-signature", _no_private_constructor)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
