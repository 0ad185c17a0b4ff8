"""Records which baseline is in force for an endpoint."""
