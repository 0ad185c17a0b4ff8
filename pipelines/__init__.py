"""Pipelines for image classification: assembled, checked, run on this machine and published."""
