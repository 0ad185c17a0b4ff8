"""Puts the previous configuration of an endpoint back."""
