"""The code in the documentation runs: Python blocks with their output, and `geneft` commands with theirs.

A command whose output the page shows is run and compared; one that would train for minutes is only parsed.
"""

import doctest
import shlex
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser

from validation.cli import main
from validation.cli.main import build_parser

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("docs/how-to/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def console_sessions(text):
    """Yield the words of each `geneft` command in a console block, with the output shown below it."""
    for session in text.replace("\\\n", " ").split("\n$ "):
        command, _, output = session.removeprefix("$ ").partition("\n")
        words = shlex.split(command, comments=True)
        if words[0] == "geneft":
            yield words[1:], output


def check_console(example):
    for words, expected in console_sessions(example.parsed):
        if not expected.strip():
            build_parser().parse_args(words)
            continue
        printed = example.namespace["capture"]
        printed.readouterr()
        assert main(words) == 0
        got = printed.readouterr().out
        if not doctest.OutputChecker().check_output(expected, got, FLAGS):
            return f"geneft {shlex.join(words)}\nexpected:\n{expected}\ngot:\n{got}"
    return None


def test_commands_are_found_in_console_blocks():
    text = "$ pip install .\n$ geneft cite KEY  # see below\n% BibTeX\n...\n$ geneft run statics \\\n  --n 3\n"
    assert list(console_sessions(text)) == [(["cite", "KEY"], "% BibTeX\n..."), (["run", "statics", "--n", "3"], "")]


SYBIL = Sybil([PythonCodeBlockParser(doctest_optionflags=FLAGS), CodeBlockParser("console", check_console)])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_on_a_page_runs(page, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = SYBIL.parse(page)
    document.namespace["capture"] = capsys
    for example in document.examples():
        example.evaluate()
