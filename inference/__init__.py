"""The model package: what training, evaluation and serving share."""
