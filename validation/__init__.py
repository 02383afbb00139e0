"""The experiments: real networks held against the theory, and the command `geneft` that runs them."""
