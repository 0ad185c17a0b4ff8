"""Fails where a window violates a constraint."""
