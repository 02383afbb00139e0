"""How the statements on aligning representations follow, carried out by SymPy."""
