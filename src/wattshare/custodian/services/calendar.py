"""What is done by a calendar: cron expressions in the utility's time."""

from datetime import datetime, tzinfo

from cronsim import CronSim


def following(expression: str, at: int, zone: tzinfo) -> int:
    """The first second after `at` that a cron expression names, on the clocks of a zone.

    An hour that clocks skip is made up for as it ends; one that they show twice counts once.
    """
    return int(next(CronSim(expression, datetime.fromtimestamp(at, zone))).timestamp())
