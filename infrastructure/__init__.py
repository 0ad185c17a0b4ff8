"""What runs in an account beside the pipelines."""
