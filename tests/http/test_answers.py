"""What is sent and what comes back when all goes well."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import structlog
from flask import Flask, Response, redirect, request

from kartify.domain.errors import Permanent, Throttled
from kartify.http import HttpClient, dump_json
from kartify.testing.serve import serving


def echo_app() -> Flask:
    app = Flask("echo")

    @app.route("/echo", methods=["GET", "POST", "PUT"])
    def echo():
        return {
            "method": request.method,
            "query": request.query_string.decode(),
            "headers": {name.lower(): value for name, value in request.headers},
            "body": request.get_data(as_text=True),
        }

    @app.route("/status/<int:code>", methods=["GET", "POST"])
    def status(code):
        return Response("no", status=code, headers={"Retry-After": "7"})

    @app.get("/moved")
    def moved():
        return redirect("/echo")

    @app.get("/doubled")
    def doubled():
        return Response("{}", headers=[("X-Part", "one"), ("X-Part", "two")])

    return app


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    with serving(echo_app()) as url:
        yield url


def test_json_keeps_integers_and_decimals_exactly(client, echo):
    exact = {"price": Decimal("0.10"), "big": Decimal("1E+3")}
    value = {"amount": 9_007_199_254_740_993, **exact, "name": "ünï", "n": None}
    said = client.request("POST", f"{echo}/echo", json=value).json()
    assert said["body"] == '{"amount":9007199254740993,"price":0.10,"big":1000,"name":"ünï","n":null}'
    assert said["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), object(), 2**70])
def test_what_json_cannot_say_is_permanent(value):
    with pytest.raises(Permanent):
        dump_json({"x": value})


def test_a_form_and_basic_auth_are_sent(client, echo):
    said = client.request("POST", f"{echo}/echo", form={"a": "1 2", "b": "ü"}, auth=("key", "se:cret")).json()
    assert said["body"] == "a=1+2&b=%C3%BC"
    assert said["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert said["headers"]["authorization"] == "Basic a2V5OnNlOmNyZXQ="


def test_exact_bytes_and_own_headers_are_sent(client, echo):
    body = b'{ "a":1 }'
    said = client.request("PUT", f"{echo}/echo", body=body, headers={"Content-Type": "x/y", "X-Verify": "v"}).json()
    assert (said["body"], said["headers"]["content-type"]) == (body.decode(), "x/y")
    assert said["headers"]["x-verify"] == "v"


@pytest.mark.parametrize("params", [{"a": "1", "b": "x&y"}, [("a", "1"), ("b", "x&y")]])
def test_params_join_a_query_that_is_there(client, echo, params):
    said = client.request("GET", f"{echo}/echo?z=0#part", params=params).json()
    assert said["query"] == "z=0&a=1&b=x%26y"


def test_two_bodies_are_refused(client, echo):
    with pytest.raises(Permanent):
        client.request("POST", f"{echo}/echo", json={}, body=b"x")


def test_a_redirect_is_an_answer(client, echo):
    answer = client.request("GET", f"{echo}/moved")
    assert answer.status == 302
    assert answer.headers["location"] == "/echo"


@pytest.mark.parametrize("code", [204, 400, 404, 429, 500, 503])
def test_every_status_is_an_answer(client, echo, code):
    assert client.request("GET", f"{echo}/status/{code}").status == code


def test_429_tells_how_long_to_wait(client, echo):
    with pytest.raises(Throttled) as caught:
        client.request("GET", f"{echo}/status/429").raise_for_status()
    assert caught.value.retry_after == 7.0


def test_a_doubled_header_is_joined_under_its_lower_case_name(client, echo):
    assert client.request("GET", f"{echo}/doubled").headers["x-part"] == "one, two"


def test_one_line_a_call_without_query_headers_or_bodies(client, echo):
    with structlog.testing.capture_logs() as lines:
        client.request("POST", f"{echo}/echo?token=hush", json={"card": "hush"}, auth=("me", "hush"))
    [line] = lines
    assert line["log_level"] == "debug"
    assert (line["method"], line["path"], line["status"]) == ("POST", "/echo", 200)
    assert line["host"] == echo.removeprefix("http://")
    assert line["ms"] >= 0
    assert "hush" not in json.dumps(line)


def test_libraries_log_no_addresses(client, echo, caplog):
    caplog.set_level("DEBUG")
    client.request("GET", f"{echo}/echo?token=hush")
    assert "hush" not in caplog.text


def ok(peer) -> None:
    while peer.recv(65_536):
        peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")


def test_connections_are_kept_and_shared(client, misbehaving):
    server = misbehaving(ok)
    for _ in range(20):
        client.request("GET", server.url)
    assert server.connections == 1


def test_many_threads_use_one_client(clients, misbehaving):
    server, gate = misbehaving(ok), threading.Barrier(8)

    def ask(_: int) -> int:
        gate.wait(5)
        return sum(http.request("GET", server.url).status for _ in range(20))

    with clients(maxsize=8) as http, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [4000] * 8
    assert server.connections <= 8


def test_a_connection_that_idled_away_is_replaced(client, misbehaving):
    gone = threading.Event()

    def once(peer) -> None:
        peer.recv(65_536)
        peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        peer.close()
        gone.set()

    server = misbehaving(once)
    for _ in range(3):
        gone.clear()
        assert client.request("GET", server.url).status == 200
        assert gone.wait(5)
    assert server.connections == 3


def test_there_is_no_way_to_switch_verification_off():
    with pytest.raises(TypeError):
        HttpClient(verify=False)
