"""Endpoints and model servers on this machine: the model's own handler, behind HTTP."""
