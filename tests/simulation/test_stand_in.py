"""A stand-in for a made-up gateway: driven by hand, by its pay page, by another program, and misbehaving on request."""

import json

import pytest
import urllib3

from kartify.plugin import SimulatorOptions
from kartify.simulation import ApiError, Return, Session, StandIn, Told
from kartify.testing.serve import serving, simulating


class Acme(StandIn):
    slug = "acme"

    def settings(self):
        return {"api_base": self.options.base_url}

    def rules(self):
        return {"GET /sessions/<session_id>": self._session}

    def _session(self, session_id):
        if session_id not in self.book.sessions:
            raise ApiError(404, {"error": "unknown"})
        return {"id": session_id, "charges": [one.state for one in self.book.charges_of(session_id)]}

    def told(self, charge, *, refund=None):
        body = json.dumps({"id": charge.id, "state": charge.state, "refund": refund and refund.id}).encode()
        return [Told(body=body, headers={"Content-Type": "application/json"})]

    def comeback(self, charge):
        return Return(url=charge.session.callback_url, fields={"charge": charge.id}, method="GET")


class Shop:
    """Keeps what it gets at its doors."""

    def __init__(self, *statuses):
        self.got, self.statuses = [], list(statuses)

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.got.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], body))
        start_response(self.statuses.pop(0) if self.statuses else "200 OK", [("Content-Length", "0")])
        return [b""]


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def acme(shop):
    with serving(shop) as shop_url, simulating(Acme) as (url, made):
        made.book.open(Session(
            id="S1", reference="R1", amount=249900, currency="INR", callback_url=f"{shop_url}/callbacks/acc",
            created_at=made.book.now(),
        ))
        yield url, made


def _post(url, body):
    return urllib3.request("POST", url, json=body, retries=False)


def test_another_program_pays_and_the_shop_hears_of_it(acme, shop):
    url, made = acme
    answer = _post(f"{url}/_control/S1/pay", {}).json()
    assert answer["charges"][0]["state"] == "captured"
    assert answer["callback"]["url"].endswith(f"/callbacks/acc?charge={answer['charges'][0]['id']}")
    assert made.courier.wait()
    [(method, path, body)] = shop.got
    assert (method, path, json.loads(body)["state"]) == ("POST", "/webhooks/acc", "captured")


@pytest.mark.parametrize(("switches", "copies"), [({"lose_webhook": True}, 0), ({"webhook_twice": True}, 2)])
def test_webhooks_are_lost_or_doubled_on_request(acme, shop, switches, copies):
    url, made = acme
    _post(f"{url}/_control/S1/fail", switches)
    assert made.courier.wait()
    assert len(shop.got) == copies


def test_a_lost_callback_is_not_told(acme):
    assert _post(f"{acme[0]}/_control/S1/pay", {"lose_callback": True}).json()["callback"] is None


def test_a_webhook_that_is_refused_comes_again(acme, shop):
    url, made = acme
    shop.statuses, made.courier.pauses = ["500 NO", "503 NO"], (0.0, 0.0)
    _post(f"{url}/_control/S1/pay", {})
    assert made.courier.wait()
    assert made.courier.statuses == [500, 503, 200]


def test_the_pay_page_pays_too_little_and_twice(acme):
    url, made = acme
    assert "stand-in for acme" in urllib3.request("GET", f"{url}/_pay/S1").data.decode()
    urllib3.request("POST", f"{url}/_pay/S1", fields={"action": "pay_wrong"}, redirect=False)
    urllib3.request("POST", f"{url}/_pay/S1", fields={"action": "pay_twice"}, redirect=False)
    assert [one.captured for one in made.book.charges_of("S1")] == [224910, 249900, 249900]


@pytest.mark.parametrize("address", ["_pay/none", "_control/none/pay"])
def test_an_unknown_session_is_not_found(acme, address):
    assert urllib3.request("POST", f"{acme[0]}/{address}", retries=False).status == 404


def test_faults_come_before_or_after_the_act_and_are_counted(acme):
    url, made = acme
    made.faults.next("429-wait", "500", "html-502", "truncated", "html")
    got = [urllib3.request("GET", f"{url}/sessions/S1", retries=False) for _ in range(6)]
    assert [one.status for one in got] == [429, 500, 502, 200, 200, 200]
    assert (got[0].headers["Retry-After"], got[5].json()["id"]) == ("1", "S1")
    assert made.calls["GET /sessions/<session_id>"] == 6


@pytest.mark.parametrize("fault", ["dropped-before", "dropped-after"])
def test_a_dropped_line_gives_no_answer(acme, fault):
    acme[1].faults.next(fault)
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", f"{acme[0]}/sessions/S1", retries=False)


def test_the_same_seed_plays_the_same_faults():
    drawn = [[Acme(SimulatorOptions(base_url="http://x", faults=7)).faults.draw() for _ in range(1)] for _ in range(2)]
    many = [[one.draw() for _ in range(50)] for one in (Acme(SimulatorOptions(base_url="", faults=7)).faults,
                                                        Acme(SimulatorOptions(base_url="", faults=7)).faults)]
    assert drawn[0] == drawn[1]
    assert many[0] == many[1]
    assert {"none"} < set(many[0])


def test_a_refund_of_a_key_is_made_once(acme):
    _, made = acme
    charge = made.pay("S1")
    made.refund_outside(charge.id, amount=900)
    assert (charge.refunded, charge.refundable) == (900, 249000)
    assert made.late(made.pay("S1", state="failed").id).captured == 249900
