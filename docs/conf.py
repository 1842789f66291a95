"""The documentation as a site. Its source is the repository, so that links between pages work on a code host too.

script/docs, or:  sphinx-build -W -n -c docs -d DOCTREES . OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

here = Path(__file__).parent
sys.path.insert(0, str(here / "_extensions"))

project = "nodalroom"
author = "The nodalroom developers"
version = release = (here.parent / "VERSION").read_text().strip()
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "google_docstrings",
    "command_help",
    "katex_mathml",
    "start_page",
]
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "THIRD_PARTY_NOTICES.md",
    "benchmarks/README.md",
    "data/README.md",
    "examples/cpp_project/README.md",
    "tests/validation/README.md",
]
# Named so that Sphinx does not walk through them.
exclude_patterns = [".*", "build", "out", "dist", "src", "include", "bindings", "cmake", "tests/[!v]*", "docs/_*"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
myst_dmath_double_inline = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
add_module_names = False
toc_object_entries_show_parents = "hide"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
nitpicky = True
# Names in signatures that other projects document; their inventories would have to be fetched.
nitpick_ignore_regex = [
    ("py:class", r"pd\..*|pandas\..*|os\.PathLike|collections\.abc\..*|Iterable|Sequence|Callable|Axes"),
    # Short names of what the text beside them says in words.
    ("py:class", r"Balance|Band|Contingencies|Coordinates|CutOff|Rating|ProgressCall|RowValues"),
]

html_theme = "furo"
html_title = f"nodalroom {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sourcelink = False
html_math_renderer = "katex_mathml"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#a8380a", "color-brand-content": "#a8380a"},
    "dark_css_variables": {"color-brand-primary": "#f08a5d", "color-brand-content": "#f08a5d"},
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
