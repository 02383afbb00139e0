"""What the house rules promise: who imports whom, what an import costs, what the documents say."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import geneft_theory

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "geneft_theory").rglob("*.py")) + sorted((ROOT / "validation").rglob("*.py"))
THEORIES = ("statics", "repons", "grokking", "alignment", "random_features", "linearization", "tameness", "emergence")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module


def test_imports_point_one_way():
    for path in SOURCES:
        place = path.relative_to(ROOT).parts
        for name in imported(path):
            top, *below = name.split(".")
            if place[0] == "geneft_theory":
                assert top not in ("validation", "matplotlib", "xarray"), f"{path} imports {name}"
                assert top != "torch" or place[1] == "numerics", f"{path} imports {name}"
            if place[0] == "geneft_theory" and top == "geneft_theory" and below and below[0] in THEORIES:
                assert place[1] == below[0], f"{path}: a theory imports another, {name}"
            if place[:2] == ("geneft_theory", "numerics"):
                assert not below or below[0] not in THEORIES, f"{path}: numerics know a theory, {name}"


def loaded_by(code):
    program = f"{code}\nimport sys\nprint(' '.join(sys.modules))"
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import geneft_theory", {"torch", "matplotlib", "xarray", "sympy", "scipy"}),
        ("import geneft_theory.statics, geneft_theory.relations", {"torch", "matplotlib", "xarray"}),
        (
            "from validation.cli.main import build_parser; build_parser().format_help()",
            {"torch", "matplotlib", "xarray", "sympy", "numpy", "rich"},
        ),
        ("import validation.networks, validation.sweeps, validation.report", {"torch", "matplotlib", "jinja2"}),
    ],
)
def test_an_import_loads_no_more_than_it_needs(code, absent):
    assert loaded_by(code) & absent == set()


def test_files_are_short_enough_to_be_read():
    for path in SOURCES:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 400, f"{path} has {lines} lines"


def test_the_catalogue_reads_every_theory():
    from geneft_theory.statements.catalogue import THEORIES as READ

    assert {theory for theory in THEORIES if (ROOT / "geneft_theory" / theory).exists()} == set(READ)


def test_citation_file_agrees_with_the_package():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {geneft_theory.__version__}" in text
    assert text.startswith("cff-version: 1.2.0")
    for field in ("message:", "title:", "authors:", "preferred-citation:", "license: Apache-2.0", "arXiv:2402.05916"):
        assert field in text


def test_the_changelog_knows_the_version_and_lists_changed_results():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {geneft_theory.__version__}" in text
    assert "### Changed results" in text


def test_the_lock_pins_every_dependency_and_names_no_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = dict(line.split("==") for line in lock.splitlines() if "==" in line and not line.startswith("#"))
    for requirement in required:
        name = re.split(r"[<>=\[ ]", requirement)[0].lower().replace("_", "-")
        assert name in pinned, f"{name} is not pinned"
    assert pinned["torch"] == "2.13.0"
    assert not re.search(r"https?://|file:|@", lock)


def test_ci_runs_what_the_readme_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for marker in ("run", "tests"):
        block = re.search(rf"<!-- {marker} -->\s*```sh\n(.*?)```", readme, re.DOTALL)
        assert block, f"README has no block {marker}"
        assert "-c requirements.lock" in block[1]
    assert 'eval "$(readme_block tests)"' in ci
