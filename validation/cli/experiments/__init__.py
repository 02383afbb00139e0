"""The arguments of each experiment of `geneft run`: one module an experiment, its name that of the command.

A module has `HELP`, `add_arguments(parser)`, and `choose(arguments)`, which returns the module with the experiment's
`NAME`, `run` and `as_text`, and the options that were asked for. At the top it imports nothing numerical.
"""
