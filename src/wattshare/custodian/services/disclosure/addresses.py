"""Absolute addresses of everything that we send: what stands in hrefs and in URIs.

The base comes from settings, never from a request.
"""

from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property

from wattshare.custodian.model.authorization import Authorization, Entry
from wattshare.custodian.model.premises import Service
from wattshare.espi import ids
from wattshare.espi.profile import Profile


def obscured(number: int) -> str:
    """Base64 of a ten-digit number, as CustomerID and ServiceLocationID stand on the wire."""
    return b64encode(f"{number:010d}".encode()).decode()


@dataclass(frozen=True)
class Addresses:
    """Every address below one public base, by one profile's manners."""

    # scheme, host and port; no path
    base: str
    profile: Profile

    def __hash__(self) -> int:
        """Of a value that never changes, and by which templates are found for every entry."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.base, self.profile))

    @property
    def resources(self) -> str:
        """The root of every resource."""
        return self.base + self.profile.resource_root

    @property
    def authorize(self) -> str:
        """The authorization endpoint."""
        return f"{self.base}{self.profile.oauth_root}/authorize"

    @property
    def token(self) -> str:
        """The token endpoint."""
        return f"{self.base}{self.profile.oauth_root}/token"

    def status(self) -> str:
        """The ServiceStatus."""
        return f"{self.resources}/ReadServiceStatus"

    def local_times(self) -> str:
        """The collection of LocalTimeParameters."""
        return f"{self.resources}/LocalTimeParameters"

    def local_time(self) -> str:
        """The one LocalTimeParameters entry of the utility."""
        return f"{self.local_times()}/1"

    def reading_types(self) -> str:
        """The collection of ReadingTypes."""
        return f"{self.resources}/ReadingType"

    def reading_type(self, reading_type_id: str) -> str:
        """One ReadingType."""
        return f"{self.reading_types()}/{reading_type_id}"

    def usage_points(self, subscription: int) -> str:
        """The usage points of an authorization."""
        return f"{self.resources}/Subscription/{subscription}/UsagePoint"

    def usage_point(self, subscription: int, usage_point: int) -> str:
        """One usage point of an authorization."""
        return f"{self.usage_points(subscription)}/{usage_point}"

    def meter_readings(self, subscription: int, usage_point: int) -> str:
        """The meter readings of a usage point."""
        return f"{self.usage_point(subscription, usage_point)}/MeterReading"

    def meter_reading(self, subscription: int, usage_point: int, reading_type_id: str, number: int) -> str:
        """One meter reading."""
        name = ids.meter_reading_id(reading_type_id, number)
        return f"{self.meter_readings(subscription, usage_point)}/{name}"

    def summaries(self, subscription: int, usage_point: int) -> str:
        """The usage summaries of a usage point."""
        return f"{self.usage_point(subscription, usage_point)}/UsageSummary"

    def summary(self, subscription: int, usage_point: int, bill_date: int) -> str:
        """One usage summary."""
        return f"{self.summaries(subscription, usage_point)}/{ids.summary_id(bill_date)}"

    def quality_summaries(self, subscription: int, usage_point: int) -> str:
        """The power quality summaries of a usage point."""
        return f"{self.usage_point(subscription, usage_point)}/ElectricPowerQualitySummary"

    def program_codes(self) -> str:
        """The dictionary of time-of-use codes; a name in feeds, not a resource."""
        return f"{self.resources}/ProgramIdMapping"

    def program_dates(self) -> str:
        """The dictionary of programme dates; a name in feeds, not a resource."""
        return f"{self.resources}/ProgramDateIdMapping"

    def application(self, application_id: str) -> str:
        """A third party's ApplicationInformation."""
        return f"{self.resources}/ApplicationInformation/{application_id}"

    def authorizations(self) -> str:
        """The Authorization feed."""
        return f"{self.resources}/Authorization"

    def authorization(self, authorization_id: int) -> str:
        """One Authorization."""
        return f"{self.authorizations()}/{authorization_id}"

    def subscription_batch(self, subscription: int) -> str:
        """All usage of an authorization."""
        return f"{self.resources}/Batch/Subscription/{subscription}"

    def usage_point_batch(self, subscription: int, usage_point: int) -> str:
        """All usage of one usage point."""
        return f"{self.subscription_batch(subscription)}/UsagePoint/{usage_point}"

    def bulk(self, third_party: int) -> str:
        """All usage of all authorizations of a third party."""
        return f"{self.resources}/Batch/Bulk/{third_party}"

    def customer_batch(self, customer: int) -> str:
        """Customer information of an authorization."""
        return f"{self.resources}/Batch/RetailCustomer/{customer}"

    def opens(self, authorization: Authorization, application_id: str) -> str:
        """The resourceURI of an authorization."""
        match authorization.entry:
            case Entry.REGISTRATION:
                return self.application(application_id)
            case Entry.BULK:
                return self.bulk(authorization.third_party_id)
            case Entry.CUSTOMER:
                return self.subscription_batch(authorization.id)

    def opens_customer(self, authorization: Authorization) -> str | None:
        """The customerResourceURI of an authorization that opens customer information."""
        match authorization.entry:
            case Entry.REGISTRATION:
                return None
            case Entry.BULK:
                return f"{self.resources}/Batch/BulkRetailCustomerInfo/{authorization.third_party_id}"
            case Entry.CUSTOMER:
                return self.customer_batch(authorization.id)

    def customers(self, subscription: int) -> str:
        """The customers of an authorization; a name in feeds, not a resource."""
        return f"{self.resources}/RetailCustomer/{subscription}/Customer"

    def customer(self, subscription: int, service: Service) -> str:
        """One customer."""
        return f"{self.customers(subscription)}/{obscured(service.customer.id)}"

    def accounts(self, subscription: int, service: Service) -> str:
        """The accounts of a customer."""
        return f"{self.customer(subscription, service)}/CustomerAccount"

    def account(self, subscription: int, service: Service) -> str:
        """One account."""
        return f"{self.accounts(subscription, service)}/{service.account.id}"

    def agreements(self, subscription: int, service: Service) -> str:
        """The agreements of an account."""
        return f"{self.account(subscription, service)}/CustomerAgreement"

    def agreement(self, subscription: int, service: Service) -> str:
        """One agreement: its id is the usage point's, which joins both feeds."""
        return f"{self.agreements(subscription, service)}/{service.usage_point.id}"

    def locations(self, subscription: int, service: Service) -> str:
        """The service locations of an agreement."""
        return f"{self.agreement(subscription, service)}/ServiceLocation"

    def location(self, subscription: int, service: Service, location_id: int) -> str:
        """One service location."""
        return f"{self.locations(subscription, service)}/{obscured(location_id)}"

    def meters(self, subscription: int, service: Service, location_id: int) -> str:
        """The meters at a service location."""
        return f"{self.location(subscription, service, location_id)}/Meter"
