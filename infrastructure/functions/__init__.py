"""The Lambda functions that steps and rules call, a folder each, and what they share."""
