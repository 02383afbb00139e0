"""Mathematics as MathML, translated from LaTeX while the pages are built.

Browsers draw MathML themselves, so a page needs no script, no other host and no network; and LaTeX that cannot be
translated is a warning of the build, where a script in the browser would show it to readers only.
"""

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

# As an identifier the name of a function would stick to its neighbours: "blog b" for b log b.
FUNCTION = re.compile(r"<mi>(log|ln|exp)</mi>")


def mathml(node: nodes.Element, display: bool) -> str:
    """Return the formula of a node as MathML, or as its source where that fails, with a warning."""
    source = node.astext().strip()
    try:
        return FUNCTION.sub(r'<mo lspace="0.1667em" rspace="0.1em">\1</mo>', tex2mathml(source, as_block=display))
    except MathError as error:
        logger.warning("%s in the formula %r", error, source, location=node)
        return f"<code>{nodes.unescape(source)}</code>"


def visit_inline(translator: HTML5Translator, node: nodes.Element) -> None:
    """Write a formula within a line."""
    translator.body.append(mathml(node, display=False))
    raise nodes.SkipNode


def visit_display(translator: HTML5Translator, node: nodes.Element) -> None:
    """Write a formula on a line of its own, with its number where it has one."""
    translator.body.append(translator.starttag(node, "div", CLASS="math-display"))
    translator.body.append(mathml(node, display=True))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})</span>')
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name `mathml`."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_display, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
