"""`python -m validation` is the command `geneft`."""

import sys

from validation.cli import main

sys.exit(main())
