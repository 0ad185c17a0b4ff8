"""What an execution, an endpoint and a schedule cost, from a definition and a list of prices.

Everything here is pure. What is not known is said and never guessed.
"""

from pipelines.cost.estimate import Estimate, estimate, schedule_costs
from pipelines.cost.prices import Prices, packaged_prices, read_prices

__all__ = ["Estimate", "Prices", "estimate", "packaged_prices", "read_prices", "schedule_costs"]
