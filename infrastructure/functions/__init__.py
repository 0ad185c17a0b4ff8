"""The Lambda functions that steps call, a folder each, and what they share."""
