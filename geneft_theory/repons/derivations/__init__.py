"""How the statements of the dynamics follow from their premises, step by step, by SymPy.

Each function returns the steps; the last one is the statement itself, and a test holds it to that.
"""
