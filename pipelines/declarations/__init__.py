"""The declared pipelines, one build function each. Importing one imports the SDK."""
