"""BibTeX for exactly what was used, and a CITATION.cff that says the same."""

import subprocess
import sys

import pytest

import geneft_theory
from geneft_theory import InvalidInput, catalogue, cite
from geneft_theory.citation import bibliography, bibtex
from geneft_theory.statics import description_length, known_fraction


def entries(text):
    return {line.split("{")[1].rstrip(",") for line in text.splitlines() if line.startswith("@")}


def test_a_key_a_statement_and_a_function_cite_the_same(capsys):
    by_key = cite("statics.known_fraction")
    assert capsys.readouterr().out.strip() == by_key
    assert by_key == bibtex(catalogue["statics.known_fraction"]) == bibtex(known_fraction)
    assert entries(by_key) == {"geneft_theory", "baek2024geneft"}


def test_methods_are_cited_too():
    assert "mckay2014practical" in entries(bibtex(description_length))


def test_corrections_are_said():
    assert "corrected: The published hypothesis" in bibtex("statics.clustering")


def test_without_an_item_it_covers_what_was_called():
    known_fraction(3, 10)
    assert "statics.known_fraction: Eq. 3 (REDERIVED)" in bibtex()


def test_a_chain_is_cited_when_it_has_run_and_not_before():
    program = (
        "from geneft_theory import citation, statics\n"
        "statics.infer('total_order', {(0, 1): 1}, n=5)\n"
        "print(citation.bibtex())\n"
        "statics.infer('total_order', {(0, 1): 1}, n=5, method='markov_chain', draws=4)\n"
        "print(citation.bibtex())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert done.count("@article{karzanov1991conductance") == 1
    assert done.count("@article{baek2024geneft") == 2


@pytest.mark.parametrize("item", ["nonsense", 3, len])
def test_what_has_no_source_is_refused(item):
    with pytest.raises(InvalidInput, match=r"(item|key) must be"):
        cite(item)


def test_every_entry_is_complete():
    for key, entry in bibliography().items():
        assert entry.startswith("@"), key
        assert entry.count("{") == entry.count("}"), key
        for field in ("title", "author", "year"):
            assert f"{field} = " in entry, (key, field)


def test_lazy_names_exist():
    for name in dir(geneft_theory):
        assert getattr(geneft_theory, name) is not None
