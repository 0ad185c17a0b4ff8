"""Values that show themselves where somebody works with them."""


class Shown:
    """A value that IPython and notebooks show as its text; subclasses add other forms of it."""

    __slots__ = ()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        # `_repr_pretty_` is what IPython offers for this, but the `__repr__` of a dataclass, which
        # stands in the subclass, hides it.
        return {"text/plain": str(self)}
