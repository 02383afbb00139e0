"""One file a claim: what is predicted, what is measured, and the verdict."""
