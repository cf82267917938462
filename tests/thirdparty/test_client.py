"""The client's manners: which token, when renewed, what is tried again."""

import base64
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest

from tests.thirdparty.conftest import CUSTODIAN, HOST, RESOURCE, SECOND, Counter, token_answer, tokens
from tests.thirdparty.test_custodian import IDS
from wattshare.espi.endpoints import ENDPOINTS, Answer, Root, Token
from wattshare.espi.window import Window
from wattshare.thirdparty import errors
from wattshare.thirdparty.tokens import MemoryTokenStore, Tokens

EMPTY_FEED = b'<ns1:feed xmlns:ns0="http://naesb.org/espi" xmlns:ns1="http://www.w3.org/2005/Atom"/>'
CLIENT_TOKEN = {
    "client_access_token": "client-1",
    "expires_in": 3600,
    "token_type": "Bearer",
    "scope": "FB=3_35",
}


def bearer(request: httpx2.Request) -> str:
    return request.headers["authorization"]


def feed() -> httpx2.Response:
    return httpx2.Response(200, content=EMPTY_FEED)


def client_token(number: int = 1) -> httpx2.Response:
    return httpx2.Response(200, json={**CLIENT_TOKEN, "client_access_token": f"client-{number}"})


RESOURCE_ROWS = [endpoint for endpoint in ENDPOINTS if endpoint.root is Root.RESOURCE]
SHOWN = {
    Token.ACCESS: "Bearer access-1",
    Token.CLIENT: "Bearer client-1",
    Token.REGISTRATION: "Bearer registration-1",
}


@pytest.mark.parametrize("endpoint", RESOURCE_ROWS, ids=lambda endpoint: endpoint.name)
def test_every_row_is_a_call_with_its_verb_address_and_token(custodian: Counter, endpoint: Any) -> None:
    if endpoint.token is Token.CLIENT:
        custodian.answers.append(client_token())
    custodian.answers.append(httpx2.Response(202 if endpoint.answer is Answer.LATER else 200))
    ids: dict[str, Any] = {name: IDS[name] for name in endpoint.parameters}
    custodian.client(None, tokens(1)).call(endpoint.name, **ids)
    asked = custodian.asked[-1]
    assert (asked.method, str(asked.url)) == (endpoint.method, CUSTODIAN.href(endpoint, **IDS))
    assert bearer(asked) == SHOWN[endpoint.token]


def test_a_window_is_sent_as_zulu_time(custodian: Counter) -> None:
    custodian.answers = [feed()]
    window = Window(published_min=1714546800, published_max=1714633199, updated_min=None, updated_max=None)
    custodian.client(None, tokens(1)).call("usage-summaries", window=window, subscription=4100001, usage_point=1)
    assert dict(custodian.asked[0].url.params) == {
        "published-min": "2024-05-01T07:00:00Z",
        "published-max": "2024-05-02T06:59:59Z",
    }


def test_days_are_the_utilitys_days_and_the_last_is_whole(custodian: Counter) -> None:
    custodian.answers = [feed()]
    custodian.client(None, tokens(1)).batch(4100001, 1, date(2024, 11, 2), date(2024, 11, 3))
    assert dict(custodian.asked[0].url.params) == {
        "published-min": "2024-11-02T07:00:00Z",
        "published-max": "2024-11-04T07:59:59Z",
    }


def test_an_instant_without_offset_is_refused(custodian: Counter) -> None:
    with pytest.raises(ValueError, match="no offset"):
        custodian.client(None, tokens(1)).batch(4100001, 1, datetime(2024, 5, 1))


def test_a_token_near_its_end_is_renewed_and_kept_before_it_is_used(custodian: Counter) -> None:
    store = MemoryTokenStore()

    def check(request: httpx2.Request) -> httpx2.Response:
        assert store.find("4100001") == Tokens(
            subscription="4100001",
            access_token="access-2",
            refresh_token="refresh-2",
            expires_at=SECOND + 3600,
            scope="FB=1_3_8;AdditionalScope=Usage",
            resource_uri=f"{RESOURCE}/Batch/Subscription/4100001",
            authorization_uri=f"{RESOURCE}/Authorization/4100001",
        )
        assert bearer(request) == "Bearer access-2"
        return feed()

    custodian.answers = [token_answer(2), check]
    custodian.client(store, tokens(1, ends_in=30)).usage_points(4100001)
    asked = custodian.asked[0]
    assert asked.read() == b"grant_type=refresh_token&refresh_token=refresh-1"
    basic = base64.b64encode(f"{CUSTODIAN.client_id}:{CUSTODIAN.client_secret}".encode()).decode()
    assert asked.headers["authorization"] == f"Basic {basic}"


def test_a_refused_token_is_renewed_once(custodian: Counter) -> None:
    custodian.answers = [httpx2.Response(401), token_answer(2), feed()]
    custodian.client(None, tokens(1)).usage_points(4100001)
    assert custodian.lines == ["GET UsagePoint", "POST token", "GET UsagePoint"]


def test_a_token_that_is_refused_anew_is_an_error(custodian: Counter) -> None:
    custodian.answers = [httpx2.Response(401), token_answer(2), httpx2.Response(401)]
    with pytest.raises(errors.TokenRefused):
        custodian.client(None, tokens(1)).usage_points(4100001)


def test_a_lost_answer_to_a_refresh_is_survived(custodian: Counter) -> None:
    custodian.answers = [httpx2.ReadError("reset"), token_answer(2), feed()]
    custodian.client(None, tokens(1, ends_in=0)).usage_points(4100001)
    assert [each.read() for each in custodian.asked[:2]] == [b"grant_type=refresh_token&refresh_token=refresh-1"] * 2


def test_a_refresh_that_was_never_kept_is_made_again_with_the_former_token(custodian: Counter) -> None:
    class Full(MemoryTokenStore):
        def keep(self, tokens: Tokens) -> None:
            if tokens.access_token == "access-2":
                raise OSError(28, "No space left on device")
            super().keep(tokens)

    custodian.answers = [token_answer(2), token_answer(3), feed()]
    client = custodian.client(Full(), tokens(1, ends_in=0))
    with pytest.raises(OSError, match="No space"):
        client.usage_points(4100001)
    client.usage_points(4100001)
    assert b"refresh-1" in custodian.asked[1].read()
    assert bearer(custodian.asked[2]) == "Bearer access-3"


def test_many_threads_make_one_refresh(custodian: Counter) -> None:
    gate = threading.Barrier(8)

    def answer(request: httpx2.Request) -> httpx2.Response:
        return token_answer(2) if request.url.path.endswith("/token") else feed()

    custodian.answers = [answer] * 20
    client = custodian.client(None, tokens(1, ends_in=0))

    def ask() -> None:
        gate.wait()
        client.usage_points(4100001)

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(ask) for _ in range(8)]:
            each.result()
    assert custodian.lines.count("POST token") == 1
    assert custodian.lines.count("GET UsagePoint") == 8


def test_a_refused_refresh_asks_for_consent_anew(custodian: Counter) -> None:
    custodian.answers = [httpx2.Response(401), httpx2.Response(400, json={"error": "invalid_grant"})]
    with pytest.raises(errors.ConsentNeeded, match="4100001 has ended"):
        custodian.client(None, tokens(1)).usage_points(4100001)


def test_without_tokens_nothing_is_sent(custodian: Counter) -> None:
    with pytest.raises(errors.ConsentNeeded, match="4100009"):
        custodian.client(None, tokens(1)).usage_points(4100009)
    assert custodian.asked == []


def test_a_row_that_names_nobody_needs_to_know_whose_token(custodian: Counter) -> None:
    custodian.answers = [feed(), feed()]
    client = custodian.client(None, tokens(1), tokens(2, subscription="4100002"))
    with pytest.raises(errors.ConsentNeeded, match="say which"):
        client.call("reading-types")
    client.call("reading-types", of=4100002)
    assert bearer(custodian.asked[0]) == "Bearer access-2"


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200, json=CLIENT_TOKEN),
        httpx2.Response(200, json={"access_token": "client-1", "expires_in": 3600}),
        httpx2.Response(
            200,
            content=b"<Response><client_access_token>client-1</client_access_token>"
            b"<expires_in>3600</expires_in><scope>FB=3</scope><token_type>Bearer</token_type></Response>",
        ),
    ],
)
def test_a_client_token_is_read_in_every_form_and_used_again(custodian: Counter, answer: httpx2.Response) -> None:
    custodian.answers = [answer, feed(), feed()]
    client = custodian.client()
    client.call("authorizations")
    client.call("authorizations")
    assert custodian.lines == ["POST token", "GET Authorization", "GET Authorization"]
    assert bearer(custodian.asked[2]) == "Bearer client-1"


def test_a_refused_client_token_is_fetched_anew(custodian: Counter) -> None:
    custodian.answers = [client_token(), httpx2.Response(401), client_token(2), feed()]
    custodian.client().call("authorizations")
    assert bearer(custodian.asked[3]) == "Bearer client-2"


def test_the_rehearsal_takes_its_client_token_from_the_test_endpoint(custodian: Counter) -> None:
    custodian.answers = [client_token(), feed()]
    custodian.client(test=True).sample_data()
    assert custodian.asked[0].url.path == "/datacustodian/test/oauth/v2/token"


PASSING: list[Callable[[], httpx2.Response | Exception]] = [
    lambda: httpx2.Response(429),
    lambda: httpx2.Response(429, headers={"retry-after": "1"}),
    lambda: httpx2.Response(503, headers={"retry-after": "5"}),
    lambda: httpx2.Response(502, content=b"<html/>"),
    lambda: httpx2.ConnectError("refused"),
    lambda: httpx2.ReadTimeout("slow"),
]


@pytest.mark.parametrize("trouble", PASSING)
def test_what_passes_by_itself_is_tried_again(
    custodian: Counter, trouble: Callable[[], httpx2.Response | Exception]
) -> None:
    custodian.answers = [trouble(), trouble(), feed()]
    assert custodian.client(None, tokens(1)).usage_points(4100001).status == 200


LASTING = [
    (httpx2.Response(500), errors.CustodianFault),
    (httpx2.Response(400, json="Invalid Certificate"), errors.CertificateRefused),
    (httpx2.Response(403), errors.NotPermitted),
    (httpx2.Response(404, content=b"No listener for endpoint: /x"), errors.NoListener),
    (httpx2.Response(429, headers={"retry-after": "3600"}), errors.TooMany),
    (httpx2.Response(302, headers={"location": "https://evil.example"}), errors.Unreadable),
]


@pytest.mark.parametrize(("trouble", "kind"), LASTING)
def test_what_does_not_pass_is_raised_at_once(
    custodian: Counter, trouble: httpx2.Response, kind: type[errors.Failed]
) -> None:
    custodian.answers = [trouble]
    with pytest.raises(kind):
        custodian.client(None, tokens(1)).usage_points(4100001)
    assert len(custodian.asked) == 1


def test_insisting_has_an_end(custodian: Counter) -> None:
    custodian.answers = [httpx2.Response(503) for _ in range(9)]
    with pytest.raises(errors.Unavailable):
        custodian.client(None, tokens(1)).usage_points(4100001)
    assert len(custodian.asked) == 3


def test_a_code_is_never_shown_twice_once_it_may_have_arrived(custodian: Counter) -> None:
    custodian.answers = [httpx2.ConnectError("refused"), httpx2.ReadError("reset"), token_answer(1)]
    with pytest.raises(errors.Unreachable):
        custodian.client().redeem("code-1", redirect_uri="https://acme.example/back")
    assert len(custodian.asked) == 2


def test_a_code_is_redeemed_with_its_verifier_and_the_tokens_are_kept(custodian: Counter) -> None:
    custodian.answers = [token_answer(1, subscription="4100007")]
    client = custodian.client()
    kept = client.redeem("code-1", redirect_uri="https://acme.example/back", verifier="v" * 43)
    assert dict(httpx2.QueryParams(custodian.asked[0].read().decode())) == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": "https://acme.example/back",
        "code_verifier": "v" * 43,
    }
    assert client.store.find("4100007") == kept


def test_the_authorization_is_known_by_its_own_address_where_no_usage_is_shared(custodian: Counter) -> None:
    custodian.answers = [token_answer(1, resourceURI=None, subscription="4100008")]
    assert custodian.client().redeem("c", redirect_uri="https://acme.example/back").subscription == "4100008"


def test_a_token_answer_that_names_nobody_is_unreadable(custodian: Counter) -> None:
    custodian.answers = [token_answer(1, resourceURI=None, authorizationURI=f"{HOST}/x/../etc")]
    with pytest.raises(errors.Unreadable, match="names no authorization"):
        custodian.client().redeem("c", redirect_uri="https://acme.example/back")


def test_a_wrong_secret_is_told_apart_from_a_wrong_code(custodian: Counter) -> None:
    custodian.answers = [
        httpx2.Response(401, json={"error": "invalid_client"}),
        httpx2.Response(400, json={"error": "invalid_grant"}),
    ]
    client = custodian.client()
    with pytest.raises(errors.ClientRefused):
        client.redeem("c", redirect_uri="https://acme.example/back")
    with pytest.raises(errors.GrantRefused):
        client.redeem("c", redirect_uri="https://acme.example/back")


def test_an_order_is_accepted_and_recognised_in_the_notice(custodian: Counter) -> None:
    custodian.answers = [httpx2.Response(202, headers={"x-correlation-id": "c-1"})]
    ordered = custodian.client(None, tokens(1)).subscription(4100001, date(2024, 5, 1))
    assert custodian.asked[0].headers["x-transaction"] == ordered.transaction
    assert ordered.correlation_id == "c-1"
    assert ordered.is_told_by(f"{RESOURCE}/Batch/Subscription/4100001?correlationID=77")
    assert not ordered.is_told_by(f"{RESOURCE}/Batch/Subscription/41000010?correlationID=77")


def test_an_order_of_nothing_says_so(custodian: Counter) -> None:
    custodian.answers = [httpx2.Response(204)]
    with pytest.raises(errors.NoData):
        custodian.client(None, tokens(1)).subscription(4100001)


def test_a_synchronous_row_that_says_later_is_accepted(custodian: Counter) -> None:
    custodian.answers = [httpx2.Response(202)]
    with pytest.raises(errors.Accepted):
        custodian.client(None, tokens(1)).usage_points(4100001)


@pytest.mark.parametrize("status", [200, 204])
def test_nothing_to_send_reads_alike_in_both_manners(custodian: Counter, status: int) -> None:
    custodian.answers = [httpx2.Response(status)]
    reply = custodian.client(None, tokens(1)).batch(4100001, 1)
    assert reply.is_empty
    assert list(reply.entries()) == []


FETCHES = [
    ("Batch/Subscription/4100001?correlationID=1", "Bearer access-1"),
    ("Batch/Subscription/4100009?correlationID=1", "Bearer client-1"),
    ("Batch/Bulk/50001?correlationID=1&x=%2F", "Bearer client-1"),
    ("Batch/BulkRetailCustomerInfo/50001?correlationID=1", "Bearer client-1"),
    ("Authorization/4100001", "Bearer client-1"),
    (f"ApplicationInformation/{CUSTODIAN.application_id}", "Bearer registration-1"),
]


@pytest.mark.parametrize(("address", "shown"), FETCHES)
def test_what_a_notice_told_of_is_fetched_as_it_is_with_the_token_that_fits(
    custodian: Counter, address: str, shown: str
) -> None:
    custodian.answers = [*([client_token()] if "client" in shown else []), feed()]
    custodian.client(None, tokens(1)).fetch(f"{RESOURCE}/{address}")
    assert str(custodian.asked[-1].url) == f"{RESOURCE}/{address}"
    assert bearer(custodian.asked[-1]) == shown


def test_a_foreign_address_is_never_asked(custodian: Counter) -> None:
    with pytest.raises(errors.ForeignAddress):
        custodian.client(None, tokens(1)).fetch(
            "https://evil.example/GreenButtonConnect/espi/1_1/resource/Batch/Bulk/1"
        )
    assert custodian.asked == []


def test_a_file_that_is_not_ready_is_accepted(custodian: Counter) -> None:
    custodian.answers = [httpx2.Response(202)]
    with pytest.raises(errors.Accepted, match="not ready"):
        custodian.client(None, tokens(1)).fetch(f"{RESOURCE}/Batch/Subscription/4100001?correlationID=1")


AUTHORIZATIONS = f"""<ns1:feed xmlns:ns0="http://naesb.org/espi" xmlns:ns1="http://www.w3.org/2005/Atom">
<ns1:id>0b8f6c1e-0000-4000-8000-000000000001</ns1:id><ns1:title type="text">Usage and billing</ns1:title>
<ns1:updated>2024-05-01T00:00:00Z</ns1:updated><ns1:link href="{RESOURCE}/Authorization" rel="self"/>
{{entries}}</ns1:feed>"""
AUTHORIZATION = f"""<ns1:entry><ns1:id>0b8f6c1e-0000-4000-8000-00000000000{{n}}</ns1:id>
<ns1:link href="{RESOURCE}/Authorization" rel="up"/>
<ns1:link href="{RESOURCE}/Authorization/{{id}}" rel="self"/>
<ns1:title type="text">Authorization</ns1:title>
<ns1:published>2024-05-01T00:00:00Z</ns1:published><ns1:updated>2024-05-01T00:00:00Z</ns1:updated>
<ns1:content><ns0:Authorization>
<ns0:authorizedPeriod>
<ns0:duration>{{length}}</ns0:duration><ns0:start>1714546800</ns0:start></ns0:authorizedPeriod>
<ns0:publishedPeriod><ns0:duration>0</ns0:duration><ns0:start>1588316400</ns0:start></ns0:publishedPeriod>
<ns0:status>{{status}}</ns0:status><ns0:expires_at>1714550400</ns0:expires_at><ns0:scope>FB=1_3_8</ns0:scope>
<ns0:token_type>Bearer</ns0:token_type><ns0:resourceURI>{RESOURCE}/{{resource}}</ns0:resourceURI>
<ns0:authorizationURI>{RESOURCE}/Authorization/{{id}}</ns0:authorizationURI>
</ns0:Authorization></ns1:content></ns1:entry>"""
LISTED = AUTHORIZATIONS.format(
    entries="".join(
        AUTHORIZATION.format(n=n, id=id, length=length, status=status, resource=resource)
        for n, id, length, status, resource in [
            (2, 4100001, 0, 1, "ApplicationInformation/5f7a0f3e-0000-4000-8000-000000000001"),
            (3, 4100002, 0, 1, "Batch/Bulk/50001"),
            (4, 4100003, 86400, 0, "Batch/Subscription/4100003"),
        ]
    )
)


def test_the_authorizations_are_read_and_the_bulk_id_is_learned_once(custodian: Counter) -> None:
    custodian.answers = [
        client_token(),
        httpx2.Response(200, content=LISTED.encode()),
        *[httpx2.Response(202)] * 2,
    ]
    client = custodian.client()
    assert client.bulk_id() == "50001"
    client.bulk()
    client.bulk_customers()
    assert custodian.lines == ["POST token", "GET Authorization", "GET 50001", "GET 50001"]


def test_an_authorization_says_whose_it_is_and_how_long(custodian: Counter) -> None:
    custodian.answers = [client_token(), httpx2.Response(200, content=LISTED.encode())]
    registration, bulk, customers = custodian.client().authorizations()
    assert [each.is_customers for each in (registration, bulk, customers)] == [False, False, True]
    assert [each.is_active for each in (registration, bulk, customers)] == [True, True, False]
    assert (customers.id, bulk.bulk_id, customers.bulk_id) == ("4100003", "50001", None)
    assert (bulk.until, customers.until) == (None, datetime(2024, 5, 2, 7, tzinfo=UTC))
    assert customers.data_since == datetime(2020, 5, 1, 7, tzinfo=UTC)


def test_a_revoked_authorization_is_forgotten(custodian: Counter) -> None:
    custodian.answers = [client_token(), httpx2.Response(200)]
    client = custodian.client(None, tokens(1))
    client.revoke(4100001)
    assert custodian.lines[-1] == "DELETE 4100001"
    assert client.store.every() == ()


@pytest.mark.parametrize(("number", "up"), [(1, True), (0, False)])
def test_the_status_is_read(custodian: Counter, number: int, up: bool) -> None:
    status = f"<currentStatus>{number}</currentStatus>"
    body = f'<ServiceStatus xmlns="http://naesb.org/espi">{status}</ServiceStatus>'
    custodian.answers = [client_token(), httpx2.Response(200, content=body.encode())]
    assert custodian.client().status() is up


def test_a_notice_is_not_a_call(custodian: Counter) -> None:
    with pytest.raises(ValueError, match="received, not sent"):
        custodian.client().call("notification")


def test_the_test_token_is_asked_for_with_the_clients_credentials(custodian: Counter) -> None:
    custodian.answers = [httpx2.Response(200, json={"access_token": "t"})]
    custodian.client().call("test-token", form={"grant_type": "authorization_code", "code": "x"})
    assert custodian.asked[0].headers["authorization"].startswith("Basic ")
    assert custodian.asked[0].read() == b"grant_type=authorization_code&code=x"
