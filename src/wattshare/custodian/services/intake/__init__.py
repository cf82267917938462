"""Taking files of readings, bills and customers in."""

from wattshare.custodian.services.intake.intake import Intake
from wattshare.custodian.services.intake.report import Report

__all__ = ["Intake", "Report"]
