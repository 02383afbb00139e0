"""A sweep of networks as a folder: planned, run chunk by chunk, stored whole, resumed, loaded with named axes.

A chunk of networks is done if and only if its shard exists, so the same command finishes a run that was stopped, and
several writers can share one folder. Loaded on first use; `__init__.pyi` beside this file is the table of contents.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
