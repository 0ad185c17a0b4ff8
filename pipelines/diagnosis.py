"""What the failure of a step means, and what to do next."""
