"""Every page for every role, and what no page may hold."""

from __future__ import annotations

import re

import pytest
from browser import ROLES, SECRET_WORDS, Cockpit, plain
from world import fill

from kartify.flows.customers import link
from kartify.flows.lookups import asking
from kartify.flows.people import stores
from kartify.models import Order

EVERYBODY = ["viewer", "support", "finance", "admin"]
WORKERS = ["support", "admin"]
ADMINS = ["admin"]
# Links that lead out: to the partners, and to the customer's own page at the public address.
ELSEWHERE = (
    r"(src|href)=\"(https?:)?//(?!dashboard\.example|oms\.example|127\.0\.0\.1:8000/orders/status/)"
)
PAGES = {
    "/admin/": EVERYBODY,
    "/admin/attention/": EVERYBODY,
    "/admin/orders/": EVERYBODY,
    "/admin/orders/?view=all": EVERYBODY,
    "/admin/orders/export.csv": EVERYBODY,
    "/admin/exports/": EVERYBODY,
    "/admin/orders/?view=attention": EVERYBODY,
    "/admin/orders/?view=undelivered": EVERYBODY,
    "/admin/orders/{order}": EVERYBODY,
    "/admin/orders/{order}/edit": WORKERS,
    "/admin/crons/": EVERYBODY,
    "/admin/crons/{cron}": EVERYBODY,
    "/admin/crons/runs/{run}": EVERYBODY,
    "/admin/crons/runs/{run}.json": EVERYBODY,
    "/admin/tools/": EVERYBODY,
    "/admin/tools/ledger/confirm-payment": WORKERS,
    "/admin/accounts/": EVERYBODY,
    "/admin/attention/?state=snoozed": EVERYBODY,
    "/admin/attention/?state=closed": EVERYBODY,
    "/admin/accounts/{account}": EVERYBODY,
    "/admin/accounts/{account}/edit": ADMINS,
    "/admin/accounts/new": ADMINS,
    "/admin/accounts/new?store=demo&plugin=razorpay": ADMINS,
    "/admin/stores/": EVERYBODY,
    "/admin/stores/new": ADMINS,
    "/admin/stores/{store}/edit": ADMINS,
    "/admin/inbox/": EVERYBODY,
    "/admin/inbox/{message}": EVERYBODY,
    "/admin/deliveries/": EVERYBODY,
    "/admin/jobs/": EVERYBODY,
    "/admin/runs/": EVERYBODY,
    "/admin/audit/": ADMINS,
    "/admin/users/": ADMINS,
    "/admin/keys/": ADMINS,
    "/admin/approvals/": EVERYBODY,
}


@pytest.fixture
def filled(cockpit: Cockpit) -> dict[str, object]:
    return fill(cockpit)


@pytest.mark.parametrize("role", ROLES)
def test_every_page_opens_for_whom_it_is_meant(cockpit: Cockpit, filled: dict[str, object], role: str) -> None:
    person = cockpit.person(role)
    for path, allowed in PAGES.items():
        answer = person.get(path.format(**filled))
        assert answer.status_code == (200 if role in allowed else 403), (role, path, plain(answer)[:300])


def test_every_page_opens_on_either_database_with_money_on_it(either: Cockpit) -> None:
    filled = fill(either)
    either.missing("K1002")
    either.bank.paid("order_K1002")
    asking.check_order(either.house, either.rows(Order, number="K1002")[0]["id"], by="test")
    person = either.person("admin")
    for path in PAGES:
        assert person.get(path.format(**filled)).status_code == 200, path
    home = person.text("/admin/")
    assert "Plain Pay ₹2,499.00 1 order" in home
    assert "Look-up, by itself 1 ₹2,499.00" in home
    assert person.get("/admin/orders/?q=order_K1002").status_code == 303


def test_no_page_has_inline_scripts_handlers_styles_or_a_secret(cockpit: Cockpit, filled: dict[str, object]) -> None:
    person = cockpit.person("admin")
    for path in ["/admin/login", *PAGES]:
        answer = (cockpit.app.test_client() if path == "/admin/login" else person).get(path.format(**filled))
        page = answer.text
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), path
        assert not re.search(r"<[^>]+\son[a-z]+\s*=", page), path
        assert not re.search(r"<style|<[^>]+\sstyle\s*=|javascript:", page), path
        assert not re.search(ELSEWHERE, page), path
        for word in (*SECRET_WORDS, cockpit.app.secret_key, "argon2"):
            assert str(word) not in page, (path, word)
        assert len(answer.data) < 500_000


def test_the_content_policy_stands_on_every_page_and_nowhere_else(cockpit: Cockpit) -> None:
    cockpit.app.add_url_rule("/elsewhere", "elsewhere", lambda: "x")
    client = cockpit.app.test_client()
    for path in ("/admin/login", "/admin/", "/admin/orders/", "/admin/static/kartify.css", "/admin/nothing"):
        with client.get(path) as answer:
            policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'; script-src 'self'; style-src 'self'" in policy, path
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
    assert "Content-Security-Policy" not in client.get("/elsewhere").headers


def test_someone_who_is_not_signed_in_sees_only_the_login(cockpit: Cockpit, filled: dict[str, object]) -> None:
    client = cockpit.app.test_client()
    for path in PAGES:
        answer = client.get(path.format(**filled))
        assert answer.status_code == 303, path
        assert answer.location.startswith("/admin/login?next=%2Fadmin"), path


def test_a_viewer_sees_no_personal_data(cockpit: Cockpit, filled: dict[str, object]) -> None:
    viewer, support = cockpit.person("viewer"), cockpit.person("support")
    cockpit.person("support").post(f"/admin/orders/{filled['order']}/note", version=1, note="mail asha@example.com")
    private = ("Asha Rao", "asha@example.com", "9876543210", "12 Secret Lane", "call before noon")
    page = viewer.get(f"/admin/orders/{filled['order']}").text
    listed = viewer.get("/admin/orders/?view=all").text
    known = support.get(f"/admin/orders/{filled['order']}").text
    for text in private:
        assert text not in page, text
        assert text not in listed, text
        assert text in known, text
    assert "Pune" in page
    found = viewer.text("/admin/orders/?q=asha@example.com")
    assert "e-mail and telephone are not searched" in found
    assert "K1001" not in found


def test_an_unknown_order_is_a_page_in_words(cockpit: Cockpit) -> None:
    answer = cockpit.person("viewer").get("/admin/orders/01890a5d-ac96-774b-bcce-b302099a8057")
    assert answer.status_code == 404
    assert "There is no such order." in plain(answer)


def test_empty_pages_say_what_to_do(cockpit: Cockpit) -> None:
    person = cockpit.person("admin")
    assert "No order is missing." in person.text("/admin/orders/")
    assert "Nothing waits for a person." in person.text("/admin/attention/")
    assert "Paste the webhook address" in person.text("/admin/inbox/")
    assert "Start one with: kartify worker" in person.text("/admin/")


def test_an_account_shows_its_plugins_certificate_and_what_the_gateway_cannot_do(cockpit: Cockpit) -> None:
    account = stores.add_account(cockpit.house, "demo", "razorpay", {
        "key_id": "rzp_test_X", "key_secret": "s3cret-of-razorpay", "webhook_secret": "whsec-razorpay",
    })
    text = cockpit.person("viewer").text(f"/admin/accounts/{account}")
    assert "kartify-razorpay" in text
    assert re.search(r"Certificate.*certified.*checks passed", text)
    assert "What this gateway cannot do" in text
    assert "s3cret-of-razorpay" not in text


def test_an_account_of_a_plugin_that_was_never_certified_says_so(cockpit: Cockpit) -> None:
    assert "not certified" in cockpit.person("viewer").text("/admin/accounts/")


def test_the_order_page_has_the_customers_link_to_copy(cockpit: Cockpit) -> None:
    order_id = cockpit.missing("K1001")
    page = cockpit.person("viewer").get(f"/admin/orders/{order_id}").text
    found = re.search(r'<input readonly value="([^"]+)">', page)
    assert found
    assert link.order_of(cockpit.house, found[1].rpartition("/")[2]) == order_id


def test_a_wrong_address_leads_back_and_shows_no_bare_error(cockpit: Cockpit) -> None:
    for person in (cockpit.app.test_client(), cockpit.person("viewer").client):
        for path in ("/admin/nowhere", "/admin/orders/cut-short", "/admin/static/none.css"):
            answer = person.get(path)
            assert (answer.status_code, answer.mimetype) == (404, "text/html")
            assert "There is no page at this address." in plain(answer)
            assert 'href="/admin/orders/"' in answer.text
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    answer = cockpit.app.test_client().put("/admin/orders/")
    assert (answer.status_code, "Nothing was changed." in plain(answer)) == (405, True)
    assert "GET" in answer.headers["Allow"]
