from . import alignment as alignment
from . import citation as citation
from . import errors as errors
from . import estimate as estimate
from . import grokking as grokking
from . import numerics as numerics
from . import relations as relations
from . import repons as repons
from . import statements as statements
from . import statics as statics
from . import symbolic as symbolic
from .citation import cite as cite
from .errors import InvalidInput as InvalidInput
from .estimate import Estimate as Estimate
from .statements import Statement as Statement
from .statements import Status as Status
from .statements import catalogue as catalogue

__version__: str
