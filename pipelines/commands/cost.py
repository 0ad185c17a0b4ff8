"""Commands about money: `cost` and `prices`."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.commands.usage import (
    Commands,
    UsageError,
    add_name,
    add_parameters,
    assignments,
    site,
)

if TYPE_CHECKING:
    from steps.site import Site


def add(commands: Commands) -> None:
    """Declare the commands."""
    command = commands.add_parser("cost", help="estimate what a pipeline costs")
    add_name(command)
    add_parameters(command)
    command.add_argument(
        "--prices", type=Path, metavar="FILE", help="use these, as 'pipelines prices' prints them"
    )
    command.add_argument(
        "--spot-saving",
        type=float,
        metavar="FRACTION",
        help="fraction of the time of spot instances that is not billed, for example 0.6",
    )
    command.add_argument(
        "--account",
        action="store_true",
        help="take times from the account's last executions, not from the time limits",
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(command=_cost)

    command = commands.add_parser("prices", help="ask AWS for the prices of a region")
    command.add_argument("region", metavar="REGION")
    command.set_defaults(command=_prices)


def _cost(arguments: argparse.Namespace) -> int:
    from pipelines.compile import compile_pipeline
    from pipelines.cost import (
        CostError,
        check_spot_saving,
        estimate,
        packaged_prices,
        read_price_file,
        schedule_costs,
    )
    from pipelines.cost.text import as_document
    from pipelines.definition import load
    from pipelines.execution import utc_now
    from pipelines.local.errors import ParameterError
    from pipelines.triggers import schedules

    path = arguments.prices
    try:
        # Before compiling, which takes seconds.
        check_spot_saving(arguments.spot_saving)
        prices = packaged_prices() if path is None else read_price_file(path)
    except CostError as error:
        raise UsageError(str(error)) from error
    place = site()
    compiled = compile_pipeline(arguments.name, place)
    try:
        found = estimate(
            load(compiled.definition),
            prices,
            pipeline=arguments.name,
            region=place.region,
            given=assignments(arguments.parameter),
            durations=_durations(arguments.name, place) if arguments.account else {},
            spot_saving=arguments.spot_saving,
            schedules=schedule_costs(schedules(place), arguments.name, first=utc_now().date()),
        )
    except ParameterError as error:
        raise UsageError(str(error)) from error
    if arguments.json:
        print(json.dumps(as_document(found), indent=2, sort_keys=True))
    else:
        print(found, end="")
    return 0


def _durations(name: str, place: "Site") -> dict[str, float]:
    from pipelines.account.clients import Clients
    from pipelines.account.durations import job_seconds

    return job_seconds(name, place, Clients(place))


def _prices(arguments: argparse.Namespace) -> int:
    from pipelines.account.clients import Clients
    from pipelines.account.prices import fetch_offer
    from pipelines.cost.price_list import API_REGION
    from pipelines.cost.prices import Prices, write_prices

    clients = Clients(replace(site(), region=API_REGION))
    offer = fetch_offer(clients.client("pricing"), arguments.region)
    print(write_prices(Prices(offers=(offer,))), end="")
    return 0
