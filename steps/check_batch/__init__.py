"""CheckBatch: hold a batch's answers against the baseline of the model that gave them."""
