"""The HTML page of a run: one file, nothing from outside, every text shown as it stands, readable by all."""

import base64
import os
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory.errors import InvalidInput
from geneft_theory.estimate import Estimate
from validation.measure import compare
from validation.report import Report, ReportFigure, Section, Table, figure_bytes, gap_figure, render, specimen
from validation.report import write_report as write

VOID = {"meta", "link", "img", "br", "hr"}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
ATTACK = "<script>alert(1)</script>\" onload='x' & {{ 7 * 7 }}"


class Outline(HTMLParser):
    """Reads a page strictly: every element closed in order, attributes and texts kept."""

    def __init__(self, page):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def every(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def full_report(text="plain"):
    measured = specimen.specimen_measured()
    drawing = gap_figure(measured)
    figures = [
        ReportFigure.from_figure(drawing, f"Gap {text}", f"Gaps: {text}", caption=text, data=measured, command=text),
        ReportFigure("as pixels", figure_bytes(drawing, "png"), "The same gaps."),
    ]
    table = Table([text, "gap"], [[text, 0.123456], ["difference", float("nan")], ["none", 7]], text)
    verdicts = [
        compare(0.1004, Estimate(0.311, 0.012, 6), f"critical fraction, {text}"),
        compare(0.1004, Estimate(0.311, 0.012, 6), "at least as much", side="at least", model_error=0.01),
        compare(31 / 60, Estimate(31 / 60, 0, 6), "exactly at chance"),
        compare(0.0623, None, "not reached"),
    ]
    sections = [Section(text, [text], figures, [table]), Section("Empty")]
    return Report(text, [text], verdicts, sections, {text: text}, "@article{key,\n  url = {https://example.org}\n}")


@pytest.fixture(scope="module")
def page():
    return render(full_report())


def test_the_page_refers_to_nothing_outside(page):
    outline = Outline(page)
    links = [attributes[name] for _, attributes in outline.elements for name in ("src", "href") if name in attributes]
    assert links
    assert all(link.startswith(("data:", "#")) for link in links)
    assert not re.search(r"url\(|@import|<script", page)
    targets = {attributes["id"] for _, attributes in outline.elements if "id" in attributes}
    assert {link[1:] for link in links if link.startswith("#")} <= targets
    policy = [meta["content"] for meta in outline.every("meta") if "http-equiv" in meta]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


@pytest.mark.parametrize("report", [Report("Bare"), Report("One", sections=[Section("Only")]), full_report()])
def test_the_page_is_well_formed(report):
    outline = Outline(render(report))
    assert outline.every("html") == [{"lang": "en"}]
    assert len(outline.every("h1")) == 1
    for cell in outline.every("th"):
        assert cell["scope"] in ("row", "col")


def test_every_picture_has_words(page):
    pictures = Outline(page).every("img")
    assert [picture["alt"] for picture in pictures] == ["Gaps: plain", "The same gaps."]
    kinds = [picture["src"].partition(";")[0] for picture in pictures]
    assert kinds == ["data:image/svg+xml", "data:image/png"]
    with pytest.raises(InvalidInput, match="alternative must say what the picture shows"):
        ReportFigure("gap", SVG, " ")


def test_texts_are_shown_as_they_stand_and_never_run():
    outline = Outline(render(full_report(ATTACK)))
    assert not outline.every("script")
    assert not any("onload" in attributes for _, attributes in outline.elements)
    assert outline.text.count(ATTACK) >= 10


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_title_is_escaped(title):
    outline = Outline(render(Report(title, [title], bibtex=title)))
    assert {tag for tag, _ in outline.elements} <= {
        *("html", "head", "meta", "title", "link", "style", "body", "main", "header", "h1", "p", "section", "h2", "pre")
    }
    assert title in "".join(outline.texts)


def test_disagreement_is_as_plain_as_agreement(page):
    outline = Outline(page)
    classes = [span["class"] for span in outline.every("span") if "class" in span]
    assert classes == ["verdict disagrees", "verdict agrees", "verdict agrees", "verdict not-measured"]
    for words in ("✗ disagrees", "✓ agrees", "? not measured"):
        assert words in outline.text
    row = "critical fraction, plain ✗ disagrees 0.100 0.311 0.012 17.6 5.5"
    assert row in outline.text
    assert "at least as much ✓ agrees ≥ 0.100 0.311 0.012 16.7 5.5 + 0.01" in outline.text
    assert "exactly at chance ✓ agrees 0.5167 0.5167 0 – 3.0" in outline.text
    assert "not reached ? not measured 0.0623 – – – 3.0" in outline.text


def test_the_data_of_a_figure_can_be_saved(page):
    (link,) = [attributes for attributes in Outline(page).every("a") if "download" in attributes]
    assert link["download"] == "gap-plain.csv"
    header, _, content = link["href"].partition(",")
    assert header == "data:text/csv;base64"
    lines = base64.b64decode(content).decode().splitlines()
    assert lines[0] == "relation,mode,critical_fraction,critical_fraction_low,critical_fraction_high,gap,gap_error"
    assert len(lines) == 1 + 10


def test_numbers_in_tables_are_rounded_and_set_to_the_right(page):
    outline = Outline(page)
    assert "plain gap plain 0.1235 difference – none 7" in outline.text
    assert Table(["name", "value"], [["a", 1], ["b", 0.5]]).columns == [("name", False), ("value", True)]
    assert Table(["name"], []).columns == [("name", False)]


def test_wrong_parts_are_refused():
    with pytest.raises(InvalidInput, match="rows must have 2 cells each"):
        Table(["relation", "bits"], [["modulo:3", 39.8], ["modulo:5"]])
    with pytest.raises(InvalidInput, match="image must be the bytes of a PNG or SVG file"):
        ReportFigure("gap", b"GIF89a", "gaps")


def test_the_same_report_is_the_same_page():
    assert render(full_report()) == render(full_report())


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    write(path, Report("first"))
    assert path.read_text(encoding="utf-8") == render(Report("first"))

    def full_disk(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write(path, Report("second"))
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert "first" in path.read_text(encoding="utf-8")


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_text_colour_stands_out_from_the_paper(scheme):
    style = (files("validation.report") / "page.css").read_text(encoding="utf-8")
    block = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    paper = luminance(colours["paper"])
    for name in ("ink", "quiet", "link", "agrees", "disagrees", "not-measured"):
        light, dark = sorted((paper, luminance(colours[name])), reverse=True)
        # 4.5 is what the Web Content Accessibility Guidelines (level AA) ask for.
        assert (light + 0.05) / (dark + 0.05) >= 4.5, name


def test_an_exact_measurement_that_differs_disagrees():
    verdicts = [compare(1 - 3e-6, Estimate(1.0, 0.0, 4), "nearly one"), compare(0.5, Estimate(0.25, 0.0, 4), "half")]
    text = Outline(render(Report("Exact", verdicts=verdicts))).text
    assert "nearly one ✗ disagrees 0.9999970 1.0000000 0 – 3.0" in text
    assert "half ✗ disagrees 0.50 0.25 0 – 3.0" in text


def test_infinite_numbers_have_a_sign():
    page = render(Report("Ends", sections=[Section("s", tables=[Table(["value"], [[float("inf")], [-float("inf")]])])]))
    assert "value ∞ −∞" in Outline(page).text
