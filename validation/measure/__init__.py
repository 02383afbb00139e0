"""What a sweep says: critical fractions, induction gaps, bands over seeds, and the verdict on a claim.

Loaded on first use; `__init__.pyi` beside this file is the table of contents.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
