"""Effective theories of neural-network generalization, executable.

Everything is loaded on first use, so that importing the package costs next to nothing; `__init__.pyi` beside this
file is the table of contents.
"""

import lazy_loader

from geneft_theory._version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
