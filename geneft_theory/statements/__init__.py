"""What a theory says: symbolic statements with source, status, assumptions and domain, and the catalogue of them."""

from geneft_theory.statements.catalogue import Catalogue, catalogue
from geneft_theory.statements.statement import Quantity, Source, Statement, Step
from geneft_theory.statements.status import Status

__all__ = ["Catalogue", "Quantity", "Source", "Statement", "Status", "Step", "catalogue"]
