"""How symbols become numbers: compiled expressions, and flows integrated for whole ensembles."""

from geneft_theory.numerics.compilation import compile, stable
from geneft_theory.numerics.events import Event
from geneft_theory.numerics.flows import CompiledFlow, compile_flow
from geneft_theory.numerics.integration import integrate
from geneft_theory.numerics.trajectories import IntegrationError, MemberStatus, Trajectories

__all__ = [
    "CompiledFlow",
    "Event",
    "IntegrationError",
    "MemberStatus",
    "Trajectories",
    "compile",
    "compile_flow",
    "integrate",
    "stable",
]
