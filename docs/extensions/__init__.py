"""Sphinx extensions that exist for this documentation only."""
