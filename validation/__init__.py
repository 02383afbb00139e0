"""The experiments: real networks held against the theory, and the command `geneft` that runs them.

`diagnose` reads the history of a user's own network. It is loaded on first use; `__init__.pyi` beside this file says
what there is.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
