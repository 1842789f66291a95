"""Formulas as MathML, set by KaTeX while the site is built: pages need no script and ask the web for nothing.

KaTeX comes with sphinxcontrib-katex (MIT), runs in dukpy (Duktape), and STIX Two Math, which the formulas are shown in,
comes with ziamath (OFL). A formula that KaTeX cannot read is a warning.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from functools import cache, lru_cache
from pathlib import Path

import dukpy
from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)
FONT = "STIXTwoMath-Regular.ttf"
TAG = re.compile(r"\\tag\{([^}]*)\}")

CLOSING = re.compile(r"[.,;:!?)]+")


def _beside(module: str, *names: str) -> Path:
    """A file that a package brings along."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{module} is missing; pip install '.[docs]'")
    return Path(found.origin).parent.joinpath(*names)


@cache
def _katex() -> dukpy.JSInterpreter:
    engine = dukpy.JSInterpreter()
    engine.evaljs(_beside("sphinxcontrib.katex", "katex.min.js").read_text(encoding="utf-8") + ";0")
    return engine


@lru_cache(maxsize=None)
def to_mathml(tex: str, block: bool) -> str:
    """A formula as a <math> element.

    Raises:
        ValueError: KaTeX cannot read it.
    """
    options = {"output": "mathml", "displayMode": block, "throwOnError": True, "strict": "error", "trust": False}
    try:
        text = str(_katex().evaljs(f"katex.renderToString({json.dumps(tex)}, {json.dumps(options)})"))
    except dukpy.JSRuntimeError as error:
        raise ValueError(str(error).strip().splitlines()[0]) from None
    text = text.removeprefix('<span class="katex">').removesuffix("</span>")
    return _as_browsers_have_it(text)


def _as_browsers_have_it(text: str) -> str:
    """What of MathML 3 browsers do not do, said as they understand it (MathML Core)."""
    text = re.sub(r"<annotation .*?</annotation>", "", text, flags=re.DOTALL)
    text = re.sub(r"<mtable([^>]*)columnalign=\"([a-z ]+)\"", _with_sides, text)
    text = text.replace('<mtext mathvariant="monospace">', '<mtext class="monospace">')
    text = text.replace('<mi mathvariant="sans-serif">T</mi>', '<mi mathvariant="normal">T</mi>')
    # An accent is set over what it belongs to, at its own size.
    text = text.replace("<mo>^</mo></mover>", '<mo stretchy="false">^</mo></mover>')
    # \mathrel{-}= is one operator.
    return text.replace("<mo>−</mo><mo>=</mo>", "<mo>−=</mo>")


def _with_sides(found: re.Match[str]) -> str:
    """The sides that columns keep to as a class: "left", or as in aligned "right-left"."""
    first, second = (found[2].split() * 2)[:2]
    side = first if first == second else f"{first}-{second}"
    return f'<mtable{found[1]}class="{side}" columnalign="{found[2]}"'


def _set(node: nodes.Node, tex: str, block: bool) -> str:
    try:
        return to_mathml(tex, block)
    except ValueError as error:
        logger.warning("formula not understood: %s", error, location=node, type="katex_mathml")
        return ""


def visit_inline(self, node: nodes.math) -> None:
    mathml = _set(node, node.astext(), False)
    close = node.get("close", "")
    self.body.append(f'<span class="unbroken">{mathml}{close}</span>' if close else mathml)
    raise nodes.SkipNode


def visit_block(self, node: nodes.math_block) -> None:
    tex = node.astext()
    tag = TAG.search(tex)
    mathml = _set(node, TAG.sub("", tex).strip(), True)
    if tag:
        name = f"eq-{tag[1]}"
        number = f'<a class="eqno" href="#{name}" title="Link to this equation">({tag[1]})</a>'
        self.body.append(f'<div class="formula" id="{name}"><div class="wide">{mathml}</div>{number}</div>\n')
    else:
        self.body.append(f'<div class="formula"><div class="wide">{mathml}</div></div>\n')
    raise nodes.SkipNode


def _keep_together(app, doctree: nodes.document, docname: str) -> None:
    """No line begins with the full stop behind a formula."""
    for node in list(doctree.findall(nodes.math)):
        after = node.next_node(descend=False, siblings=True)
        if isinstance(after, nodes.Text) and (found := CLOSING.match(after.astext())):
            node["close"] = found[0]
            after.parent.replace(after, nodes.Text(after.astext()[len(found[0]) :]))


def _copy_font(app, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        shutil.copyfile(_beside("ziamath", "fonts", FONT), Path(app.outdir, "_static", FONT))


def setup(app) -> dict[str, bool]:
    app.add_html_math_renderer("katex_mathml", inline_renderers=(visit_inline, None), block_renderers=(visit_block, None))
    app.connect("doctree-resolved", _keep_together)
    app.connect("build-finished", _copy_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
