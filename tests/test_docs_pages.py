"""What the documentation generates is complete: a page for each public name, a section for each statement."""

import inspect
import tomllib

import pytest

from docs.generate import api, equations, reference_values, symbols
from docs.generate.markdown import anchor, escaped, table
from geneft_theory import catalogue

NAMES = [name for group in api.public_names().values() for name in group]


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    directory = tmp_path_factory.mktemp("generated")
    for module in (api, equations, reference_values, symbols):
        module.generate(directory)
    return directory


def test_packages_of_both_roots_are_found():
    packages = set(api.public_names())
    assert {"geneft_theory", "geneft_theory.relations", "geneft_theory.statics", "validation.sweeps"} <= packages


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.path)
def test_a_public_name_has_a_page_and_a_docstring_and_a_function_has_an_example(name, generated):
    assert f":: {name.path}" in (generated / "api" / f"{name.path}.rst").read_text()
    assert name.summary
    if name.directive == "autofunction":
        assert ">>> " in (inspect.getdoc(name.value) or ""), f"{name.path} has no example"


def test_a_page_of_a_name_that_is_gone_is_removed(generated):
    stale = generated / "api" / "geneft_theory.statics.gone.rst"
    stale.touch()
    api.generate(generated)
    assert not stale.exists()


def test_the_catalogue_page_has_every_statement(generated):
    page = (generated / "equations.md").read_text()
    for key, statement in catalogue.items():
        assert f"({anchor(key)})=" in page
        assert statement.latex() in page
        assert (generated / "snippets" / "statements" / f"{key}.md").exists()


def test_the_table_of_symbols_has_every_quantity(generated):
    page = (generated / "snippets" / "symbols.md").read_text()
    assert all(f"`{quantity.name}`" in page for statement in catalogue.values() for quantity in statement.quantities)


def test_the_reference_values_are_all_shown(generated):
    page = (generated / "snippets" / "reference-values.md").read_text()
    values = tomllib.loads(reference_values.REFERENCE_VALUES.read_text())["value"]
    assert all(escaped(value["what"]) in page for value in values)
    assert page.count("\n* - ") == 1 + len(values)


def test_markup_in_plain_text_is_not_taken_for_markup():
    assert escaped("p_* <= |a|") == r"p\_\* \<= \|a\|"
    assert escaped("a_b, but `a_b` is code") == r"a\_b, but `a_b` is code"


def test_a_table_keeps_pipes_within_formulas():
    lines = table(["symbol", "unit"], [["$|x|$", ""]]).splitlines()
    assert lines[-5:] == ["* - symbol", "  - unit", "* - $|x|$", "  -", "```"]
