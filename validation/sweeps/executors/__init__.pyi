from .choice import EXECUTORS as EXECUTORS
from .choice import executor as executor
from .cluster import Dask as Dask
from .cores import available_cores as available_cores
from .interface import Executor as Executor
from .processes import Processes as Processes
from .threads import Threads as Threads
