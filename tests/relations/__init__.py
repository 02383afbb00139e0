"""Tests of relations: what they are, how they are built and named, and how symmetric they are."""
