"""Where chunks are computed: threads of this process, processes of this machine, or a Dask cluster.

All give the same numbers. `executor` chooses one by name; `__init__.pyi` beside this file is the table of contents.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
