"""SummarizeBatch: count a batch's answers by label, and list what went wrong."""
