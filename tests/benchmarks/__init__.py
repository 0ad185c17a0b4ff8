"""Benchmarks: the figures that the README states, each against its target."""
