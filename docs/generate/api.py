"""One page for each public name, from its docstring; what is public is what a package's `__all__` names."""

import enum
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from docs.generate.markdown import anchor, escaped, table, write
from docs.generate.restructured import escape_bars, heading

ROOTS = ("geneft_theory", "validation")
# Members that come from these bases are Python's, and documented there.
FOREIGN_BASES = "object, tuple, str, int, Mapping, Enum, Generic, Protocol"


@dataclass(frozen=True)
class PublicName:
    """A name that users may rely on, with the package that they import it from."""

    package: str
    name: str

    @property
    def path(self) -> str:
        """The full name, which is the page's name too."""
        return f"{self.package}.{self.name}"

    @property
    def value(self) -> Any:
        """The object itself."""
        return getattr(import_module(self.package), self.name)

    @property
    def identity(self) -> tuple[str, int]:
        """What is equal where two packages share a name."""
        return self.name, id(self.value)

    @property
    def docstring(self) -> str:
        """The docstring; for a plain value what it holds, and the comment above its assignment."""
        if callable(self.value) or type(self.value).__module__.startswith(ROOTS):
            return inspect.getdoc(self.value) or ""
        keys = self.value if isinstance(self.value, Mapping) else ()
        holds = "Keys " + ", ".join(f"``{key}``" for key in keys) if keys else f"``{self.value!r}``"
        return " ".join([f"{holds}.", *comment_above(self)])

    @property
    def summary(self) -> str:
        """The first paragraph of the docstring, on one line."""
        return self.docstring.split("\n\n")[0].replace("\n", " ")

    @property
    def directive(self) -> str:
        """The autodoc directive for this kind of object."""
        if not inspect.isclass(self.value):
            return "autofunction" if callable(self.value) else "py:data"
        return "autoexception" if issubclass(self.value, Exception) else "autoclass"


def comment_above(name: PublicName) -> Iterator[str]:
    """Yield the comment above the assignment that makes a value, from the module in which it stands."""
    for module in [module for path, module in sys.modules.items() if path.startswith(f"{name.package}.")]:
        above = re.search(rf"((?:^#.*\n)+)^{name.name}\b.*=", inspect.getsource(module), flags=re.MULTILINE)
        if above:
            yield " ".join(line.lstrip("# ") for line in above[1].splitlines())


def packages() -> Iterator[ModuleType]:
    """Yield both roots and every package below them that says what is public of it."""
    for root in map(import_module, ROOTS):
        below = pkgutil.walk_packages(root.__path__, f"{root.__name__}.")
        names = [module.name for module in below if module.ispkg and "._" not in module.name]
        yield from (package for package in (root, *map(import_module, names)) if hasattr(package, "__all__"))


def public_names() -> dict[str, list[PublicName]]:
    """Return the public names by package, each name once."""
    found: dict[str, list[PublicName]] = {}
    documented: set[tuple[str, int]] = set()
    # `statics.infer`, not `statics.inference.infer` nor a short cut in the root: one level below the root comes first.
    for package in sorted(packages(), key=lambda package: (package.__name__.count(".") != 1, package.__name__)):
        names = [PublicName(package.__name__, name) for name in package.__all__]
        own = [name for name in names if not inspect.ismodule(name.value) and name.identity not in documented]
        documented |= {name.identity for name in own}
        found[package.__name__] = own
    return {package: names for package, names in sorted(found.items()) if names}


def generate(directory: Path) -> None:
    """Write a page for each name and one for each package, and remove pages of names that are gone."""
    pages = directory / "api"
    names = public_names()
    written = {pages / f"{name.path}.rst": name_page(name) for group in names.values() for name in group}
    written |= {pages / f"{package}.rst": package_page(package, group) for package, group in names.items()}
    for path, text in written.items():
        write(path, text)
    for path in set(pages.glob("*.rst")) - written.keys():
        path.unlink()
    write(directory / "snippets" / "api.md", index(names))


def name_page(name: PublicName) -> str:
    """Return the page of one name."""
    lines = [heading(name.name), f".. {name.directive}:: {name.path}"]
    if name.directive == "autoclass":
        lines += ["   :members:", f"   :inherited-members: {FOREIGN_BASES}"]
        lines += ["   :undoc-members:"] * issubclass(name.value, enum.Enum)
    if name.directive == "py:data":
        lines += ["", *(f"   {escape_bars(line)}".rstrip() for line in name.docstring.splitlines())]
    statements = [key for key in getattr(name.value, "cites", ()) if "." in key]
    if statements:
        links = ", ".join(f":ref:`{key} <{anchor(key)}>`" for key in statements)
        lines += ["", f"Evaluates {links}."]
    return "\n".join([*lines, ""])


def package_page(package: str, names: list[PublicName]) -> str:
    """Return the page of a package: what it is for, and its names."""
    lines = [heading(package), f".. automodule:: {package}", "", ".. list-table::", "   :class: generated", ""]
    for name in names:
        lines += [f"   * - :doc:`{name.name} <{name.path}>`", f"     - {escape_bars(name.summary)}"]
    lines += ["", ".. toctree::", "   :hidden:", "", *(f"   {name.path}" for name in names), ""]
    return "\n".join(lines)


def index(names: dict[str, list[PublicName]]) -> str:
    """Return the packages with what they are for, and the table of contents behind them."""
    rows = [
        (f"[`{package}`](generated/api/{package}.rst)", escaped(first_line(import_module(package))), str(len(group)))
        for package, group in names.items()
    ]
    pages = "\n".join(f"generated/api/{package}" for package in names)
    return f"{table(('Package', 'What it is', 'Names'), rows)}\n```{{toctree}}\n:hidden:\n\n{pages}\n```\n"


def first_line(documented: Any) -> str:
    """Return the first paragraph of a docstring, on one line."""
    return (inspect.getdoc(documented) or "").split("\n\n")[0].replace("\n", " ")
