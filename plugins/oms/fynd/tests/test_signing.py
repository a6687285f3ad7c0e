"""The request signature against vectors of FYND's own signer, and against a second computation here."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kartify_fynd.signing import host_of, signature, signed

VECTORS = json.loads((Path(__file__).parent / "samples" / "signature-vectors.json").read_text())["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_signature_is_that_of_fynds_own_signer(vector):
    headers = {**vector["headers"], "x-fp-date": vector["date"]}
    made = signature(vector["method"], vector["url"], body=vector["body"].encode(), headers=headers)
    assert made == vector["signature"]


def test_the_signature_is_what_the_documents_say():
    body = b'{"amount":1499.00}'
    made = signed("POST", "https://api.fynd.com/service/x?b=2&a=1", body=body,
                  when=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), headers={"authorization": "Bearer t"})
    blocks = ["POST", "/service/x", "a=1&b=2", "host:api.fynd.com\nx-fp-date:20260102T030405Z\n", "host;x-fp-date",
              hashlib.sha256(body).hexdigest()]
    text = "20260102T030405Z\n" + hashlib.sha256("\n".join(blocks).encode()).hexdigest()
    assert made["x-fp-signature"] == "v1.1:" + hmac.new(b"1234567", text.encode(), "sha256").hexdigest()
    assert made["authorization"] == "Bearer t"


def test_the_date_is_utc_whatever_the_moments_zone():
    india = timezone(timedelta(hours=5, minutes=30))
    made = signed("GET", "https://api.fynd.com/", body=b"", when=datetime(2026, 1, 2, 8, 34, 5, tzinfo=india),
                  headers={})
    assert made["x-fp-date"] == "20260102T030405Z"


def test_any_byte_of_the_body_counts():
    headers = {"x-fp-date": "20260102T030405Z"}
    one = signature("POST", "https://api.fynd.com/x", body=b"{}", headers=headers)
    assert one != signature("POST", "https://api.fynd.com/x", body=b"{ }", headers=headers)


@pytest.mark.parametrize(("url", "host"), [
    ("https://API.fynd.com:443/x", "api.fynd.com"), ("http://h:80/", "h"), ("https://h:8443/", "h:8443"),
    ("http://[::1]:8085/", "[::1]:8085"),
])
def test_the_host_has_a_port_only_where_it_is_not_the_schemes_own(url, host):
    assert host_of(urlsplit(url)) == host
