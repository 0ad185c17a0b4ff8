"""Lets an endpoint grow and shrink with its requests."""
