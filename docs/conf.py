"""How Sphinx makes the documentation: `make docs`.

Before it reads a page, `pictures` makes what the pages show, and `pages` a page for each module and
each recipe, and a copy of whatever notebooks there are. Nothing is fetched, and the pages fetch
nothing.
"""

import os
import re
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]

import pages  # noqa: E402
import pictures  # noqa: E402
from docutils import nodes  # noqa: E402
from sphinx.domains.python import PyXRefRole  # noqa: E402

import zoo  # noqa: E402

project = "Keras anomaly zoo"
author = "the keras-anomaly-zoo authors"
copyright = author
version = release = zoo.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "myst_nb",
]
html_static_path = ["_static"]
exclude_patterns = ["examples", "**/.ipynb_checkpoints"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}

# The pages.
html_theme = "furo"
html_title = project
html_css_files = ["zoo.css"]
html_show_sourcelink = False
html_copy_source = False
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
pygments_style = "friendly"

# The API, from docstrings: Google style, formulas in plain text.
autosummary_generate = False  # `pages` does, by group
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_inherit_docstrings = False  # Keras' own are written for another site
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the sections `Args` and `Returns` say it, with shapes
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_preprocess_types = False
add_module_names = False
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"

# Names of other projects cannot be looked up offline. Our own have to lead somewhere.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!zoo\b).*"),
    ("py:class", r"zoo\.engine\.(jax|tensorflow|torch)\..*"),
    ("py:class", r"zoo\..*\._\w+"),  # bases that are no name of the library
]

# Notebooks: shown as they are, or run (and kept, until one changes) where that is asked for.
nb_execution_mode = "cache" if os.environ.get("ZOO_DOCS_EXECUTE") == "1" else "off"
nb_execution_cache_path = str(ROOT / "build" / "docs-notebooks")
nb_execution_timeout = 3600
nb_execution_raise_on_error = True
nb_ipywidgets_js = {}
nb_merge_streams = True

NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class CodeOrName(PyXRefRole):
    """`text` in a docstring: a link if it names something of the zoo, else code."""

    def __call__(self, name, rawtext, text, lineno, inliner, options=None, content=()):
        if NAME.fullmatch(text):
            return super().__call__(
                "py:obj", rawtext, text, lineno, inliner, options or {}, content
            )
        return [nodes.literal(rawtext, text.replace("\x00", "\\"))], []


default_role = "code-or-name"


def keep_signs(app, what, name, obj, options, lines):
    """Let |x| be a norm in a docstring, not a substitution, and model_ a name, not a link."""
    in_example = False
    for number, line in enumerate(lines):
        in_example = bool(line.strip()) and (in_example or line.lstrip().startswith(">>>"))
        if not in_example:
            prose = line.split("`")
            prose[::2] = [re.sub(r"\||(?<=\w)_(?!\w)", r"\\\g<0>", part) for part in prose[::2]]
            lines[number] = "`".join(prose)


def skip_foreign(app, what, name, obj, skip, options):
    """Leave out the methods that scikit-learn writes into every estimator."""
    return skip or re.fullmatch(r"set_\w+_request", name) is not None


def setup(app):
    """Add the role of docstrings; make what the pages show."""
    app.connect("autodoc-process-docstring", keep_signs, priority=0)
    app.connect("autodoc-skip-member", skip_foreign)
    app.add_role("code-or-name", CodeOrName())
    pages.copy_notebooks(ROOT / "notebooks", HERE / "notebooks")
    pages.write_recipes(HERE / "recipes")
    pages.write_api(HERE / "api")
    pictures.draw_all(HERE / "pictures")
