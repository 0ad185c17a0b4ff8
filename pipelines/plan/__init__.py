"""What an upsert would change, and which steps the step cache would still answer.

Everything here is pure: a `Release` says what there is to be, a `Deployed` what there is.
"""

from pipelines.plan.compare import Plan, plan
from pipelines.plan.deployed import Deployed

__all__ = ["Deployed", "Plan", "plan"]
