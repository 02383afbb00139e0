"""Configuration of the documentation; what is computed rather than written comes from `generate`."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
# The pages describe the sources beside them, not another version that happens to be installed.
sys.path.insert(0, str(DOCS.parent))

from docs.generate import generate_all  # noqa: E402
from geneft_theory import __version__  # noqa: E402

project = "geneft"
author = "The geneft developers"
project_copyright = "2026, the geneft developers"
release = version = __version__

extensions = [
    "docs.extensions.docstrings",
    "docs.extensions.mathml",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinxcontrib.bibtex",
]
exclude_patterns = ["_build", "generated/snippets"]

# A reference to a function, page or statement that does not exist is an error; types in signatures have no pages here.
nitpicky = True
nitpick_ignore_regex = [("py:(class|obj|attr|data|exc)", ".*")]

myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
# As fields, the words that describe a type ("path", "seeds") would be taken for names of objects.
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]
default_role = "code"

bibtex_bibfiles = ["../geneft_theory/bibliography.bib"]
bibtex_default_style = "unsrt"

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

html_theme = "furo"
html_title = f"geneft {release}"
html_static_path = ["_static"]
html_css_files = ["geneft.css"]
html_math_renderer = "mathml"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072B2", "color-brand-content": "#0072B2"},
    "dark_css_variables": {"color-brand-primary": "#56B4E9", "color-brand-content": "#56B4E9"},
}


def setup(app: Sphinx) -> None:
    """Write the generated pages before Sphinx looks for its sources."""
    app.connect("builder-inited", lambda app: generate_all(DOCS / "generated"))
