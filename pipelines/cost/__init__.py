"""What an execution, an endpoint and a schedule cost, from a definition and a list of prices.

Everything here is pure. What is not known is said and never guessed.
"""

from pipelines.cost.errors import CostError
from pipelines.cost.estimate import Estimate, check_spot_saving, estimate, schedule_costs
from pipelines.cost.prices import Prices, packaged_prices, read_price_file, read_prices

__all__ = [
    "CostError",
    "Estimate",
    "Prices",
    "check_spot_saving",
    "estimate",
    "packaged_prices",
    "read_price_file",
    "read_prices",
    "schedule_costs",
]
