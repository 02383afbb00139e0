"""Networks that learn an operation, one after the other in compiled code, on the kernels of the relation engine."""
