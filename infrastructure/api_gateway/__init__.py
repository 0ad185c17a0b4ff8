"""Puts an endpoint behind an API Gateway or a function URL."""
