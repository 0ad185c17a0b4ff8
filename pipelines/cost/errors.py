"""What is wrong with what an estimate is to be made from."""


class CostError(ValueError):
    """A price file cannot be used, or an assumption is none that can be made."""
