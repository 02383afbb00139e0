"""How the statements on grokking follow, carried out by SymPy."""
