"""SC-86: a row that somebody alters, removes or slips in breaks its chain, and the break names it."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import delete, insert, select, update

from kartify import clock
from kartify.domain.errors import Invalid
from kartify.flows.proof import seal_links, seal_rows, seal_watch, seals
from kartify.flows.proof.seal_links import Keys, Link
from kartify.models import (
    AuditEntry,
    Counter,
    InboxMessage,
    OrderMove,
    Report,
    Seal,
    TimelineEntry,
    new_id,
    table,
)
from kartify.vault import Vault

from .conftest import id_of

links, moves, timeline, reports = table(Seal), table(OrderMove), table(TimelineEntry), table(Report)
audit, inbox, counters = table(AuditEntry), table(InboxMessage), table(Counter)


def run(house, statement):
    done = house.database.run(lambda connection: connection.execute(statement).rowcount)
    assert done, statement


def read(house, query):
    with house.database.read() as connection:
        return connection.execute(query).all()


def chain(house, name):
    return read(house, select(links).where(links.c.chain == name).order_by(links.c.position))


def covered(house):
    rows = read(house, select(links.c.rows).where(links.c.chain != "book"))
    return [one.name for row in rows for one in seal_links.entries(row.rows)]


def everything(house):
    return sorted(
        f"{source.kind}:{row.id.hex}" for source in seal_rows.SOURCES.values()
        for row in read(house, select(source.table.c.id))
    )


def both(house):
    """What the full check finds; the light, which is bounded, finds the same in a small house."""
    found = seal_watch.full(house)
    assert {str(one) for one in seal_watch.light(house)} == {str(one) for one in found}
    return found


def test_every_row_is_sealed_once_and_untouched_chains_are_whole(scene):
    assert seals.seal(scene.house) == len(everything(scene.house))
    assert sorted(covered(scene.house)) == everything(scene.house)
    assert {kind.split(":")[0] for kind in covered(scene.house)} == set(seal_rows.SOURCES)
    assert both(scene.house) == []
    scene.paid("K3")
    scene.act("later", order_id=scene.first)
    assert seals.seal(scene.house) > 0
    assert sorted(covered(scene.house)) == everything(scene.house)
    assert [one.position for one in chain(scene.house, f"order:{scene.first.hex}")] == [1, 2]
    assert both(scene.house) == []


def test_nothing_new_makes_no_link(scene):
    seals.seal(scene.house)
    before = read(scene.house, select(links))
    assert seals.seal(scene.house) == 0
    assert read(scene.house, select(links)) == before


def test_what_goes_on_changing_of_a_message_is_not_sealed(scene):
    seals.seal(scene.house)
    run(scene.house, update(inbox).values(state="ignored", attempts=9, duplicates=4, reason="seen"))
    assert both(scene.house) == []


ALTERED = {
    "move": (moves, {"by": "nobody"}), "timeline": (timeline, {"text": "nothing happened"}),
    "report": (reports, {"captured": 1}), "audit": (audit, {"by": "somebody@else.example"}),
    "inbox": (inbox, {"body": b"{}"}),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_an_altered_row_is_named(scene, kind):
    rows, change = ALTERED[kind]
    seals.seal(scene.house)
    row = read(scene.house, select(rows.c.id).order_by(rows.c.id))[0]
    run(scene.house, update(rows).where(rows.c.id == row.id).values(change))
    (found,) = both(scene.house)
    assert (found.row, found.text) == (f"{kind}:{row.id.hex}", "is not as it was sealed: it was altered.")


@pytest.mark.parametrize("kind", ALTERED)
def test_a_removed_row_is_named(scene, kind):
    rows, _ = ALTERED[kind]
    seals.seal(scene.house)
    row = read(scene.house, select(rows.c.id).order_by(rows.c.id))[0]
    run(scene.house, delete(rows).where(rows.c.id == row.id))
    (found,) = both(scene.house)
    assert (found.row, found.text) == (f"{kind}:{row.id.hex}", "was sealed and is gone.")


def test_a_row_slipped_in_among_what_was_sealed_is_named_and_never_sealed(scene):
    seals.seal(scene.house)
    order_row = scene.note(scene.first, minutes_ago=30)
    staff_row = id_of(30)
    values = {"id": staff_row, "at": clock.now(), "by": "x", "action": "a", "subject": "s", "text": "t"}
    run(scene.house, insert(audit).values(values))
    scene.act("life goes on")
    seals.seal(scene.house)
    found = {(one.chain, one.row) for one in both(scene.house)}
    assert found == {(f"order:{scene.first.hex}", f"timeline:{order_row.hex}"), ("staff", f"audit:{staff_row.hex}")}


def test_a_transaction_that_committed_late_is_sealed(scene):
    seals.seal(scene.house)
    late = scene.note(scene.first, minutes_ago=8)
    assert both(scene.house) == []
    assert seals.seal(scene.house) == 1
    assert f"timeline:{late.hex}" in covered(scene.house)
    assert seals.seal(scene.house) == 0
    assert both(scene.house) == []


def test_two_rows_that_change_places_are_both_named(scene):
    seals.seal(scene.house)
    one, other = read(scene.house, select(audit).order_by(audit.c.id))[:2]
    for here, there in ((one, other), (other, one)):
        run(scene.house, update(audit).where(audit.c.id == here.id).values(text=there.text, subject=there.subject))
    assert {found.row for found in both(scene.house)} == {f"audit:{one.id.hex}", f"audit:{other.id.hex}"}


def test_the_order_of_rows_in_a_link_is_sealed_too(scene):
    seals.seal(scene.house)
    (link,) = chain(scene.house, "staff")
    run(scene.house, update(links).where(links.c.id == link.id).values(rows=[link.rows[0], *reversed(link.rows[1:])]))
    assert [one.row for one in both(scene.house)] == ["staff#1"]


def three_links(scene):
    for number in range(3):
        scene.act(f"link {number}")
        seals.seal(scene.house)


@pytest.mark.parametrize("name", ["staff", "book"])
@pytest.mark.parametrize("position", [1, 2, 3])
def test_a_removed_link_leaves_a_gap(scene, name, position):
    three_links(scene)
    run(scene.house, delete(links).where(links.c.chain == name, links.c.position == position))
    assert f"{name}#{position}" in {one.row for one in both(scene.house)}
    scene.act("life goes on")
    seals.seal(scene.house)
    assert f"{name}#{position}" in {one.row for one in both(scene.house)}


def test_an_orders_whole_chain_cut_off_with_its_rows_is_missed_by_the_book(scene):
    seals.seal(scene.house)
    for rows in (moves, timeline, reports):
        scene.house.database.run(lambda at, rows=rows: at.execute(delete(rows).where(rows.c.order_id == scene.first)))
    run(scene.house, delete(links).where(links.c.chain == f"order:{scene.first.hex}"))
    (found,) = both(scene.house)
    assert (found.row, found.text) == (f"order:{scene.first.hex}#1", "is missing from the chain.")


def test_links_that_change_places_are_found(scene):
    three_links(scene)
    for position, to in ((1, 99), (2, 1), (99, 2)):
        run(scene.house, update(links).where(links.c.chain == "staff", links.c.position == position)
            .values(position=to))
    assert {"staff#1", "staff#2"} <= {one.row for one in both(scene.house)}


def test_sealing_anew_with_another_key_is_found(scene):
    """An intruder who can write everything but does not have our keys."""
    seals.seal(scene.house)
    theirs = Keys(Vault([Fernet.generate_key().decode()]).derived(seal_links.PURPOSE))
    row = read(scene.house, select(audit).order_by(audit.c.id))[0]
    run(scene.house, update(audit).where(audit.c.id == row.id).values(by="innocent@example.com"))
    (link,) = chain(scene.house, "staff")
    with scene.house.database.read() as connection:
        source = seal_rows.SOURCES["audit"]
        rows = list(seal_rows.by_ids(connection, source, [one.id for one in seal_links.entries(link.rows)]))
    for name in (theirs.first, seal_links.keys_of(scene.house).first):
        macs = [theirs.mac(theirs.first, seal_rows.canonical(source, one)) for one in rows]
        told = [link.rows[0], *(f"audit:{one.id.hex}:{mac[:16]}" for one, mac in zip(rows, macs, strict=True))]
        made = Link(chain="staff", position=1, before="", at=link.at, rows=told, macs=macs)
        digest = made.digest(theirs, theirs.first).replace(theirs.first, name, 1)
        run(scene.house, update(links).where(links.c.id == link.id).values(rows=told, digest=digest))
        assert any(one.chain == "staff" for one in both(scene.house))


def test_what_is_no_link_at_all_is_told_and_breaks_nothing_else(scene):
    seals.seal(scene.house)
    for rows in ({"a": 1}, ["x"], ["mark:move:zz", "audit:no-id:1"], ["nobody:1:2"]):
        run(scene.house, update(links).where(links.c.chain == "staff").values(rows=rows))
        assert {one.chain for one in both(scene.house)} == {"staff"}
    run(scene.house, update(links).where(links.c.chain == "book").values(rows=["order:zz#1:2", "x#y:z"], digest=""))
    assert "book" in {one.chain for one in both(scene.house)}


def test_keys_rotate_and_an_old_key_that_is_missing_is_told(scene):
    first, second = (Fernet.generate_key().decode() for _ in range(2))

    def with_keys(*keys):
        scene.house.vault.__init__(keys)

    with_keys(first)
    seals.seal(scene.house)
    with_keys(second, first)
    scene.act("after the rotation")
    seals.seal(scene.house)
    assert both(scene.house) == []
    names = {one.digest.partition(":")[0] for one in chain(scene.house, "staff")}
    assert len(names) == 2
    with_keys(second)
    assert {one.row for one in both(scene.house)} >= {"staff#1", "inbox#1", "book#1"}
    assert all("put it back at the end" in one.text for one in both(scene.house))


def test_two_sealers_make_one_chain(scene):
    wrong = []

    def work(barrier):
        barrier.wait()
        try:
            for _ in range(3):
                seals.seal(scene.house)
        except Exception as problem:  # a thread's failure is the test's
            wrong.append(problem)

    for number in range(4):
        scene.paid(f"R{number}")
        barrier = threading.Barrier(3)
        threads = [threading.Thread(target=work, args=(barrier,)) for _ in range(3)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    seals.seal(scene.house)
    assert wrong == []
    assert sorted(covered(scene.house)) == everything(scene.house)
    assert both(scene.house) == []


def test_a_batch_that_saw_an_old_book_writes_nothing(scene):
    seals.seal(scene.house)
    with scene.house.database.read() as connection:
        seen = seals.read_anchor(connection)
    scene.act("another sealer takes this")
    seals.seal(scene.house)
    stale = {"id": new_id(), "chain": "book", "position": seen.position + 1, "rows": [], "at": clock.now(),
             "digest": "x"}
    assert scene.house.database.run(lambda connection: seals._write(connection, seen, [stale])) is False
    assert both(scene.house) == []


def test_rows_that_nobody_seals_are_told(scene):
    seals.seal(scene.house)
    run(scene.house, delete(links))
    run(scene.house, delete(counters))
    assert seal_watch.full(scene.house) == []
    scene.note(scene.first, minutes_ago=11)
    (found,) = seal_watch.full(scene.house)
    assert "waits for its seal for more than ten minutes" in found.text


def test_an_anchor_from_the_log_finds_a_database_that_was_put_back(scene):
    seals.seal(scene.house)
    (link,) = chain(scene.house, "book")
    assert seal_watch.anchored(scene.house, f"1:{link.digest}") == []
    assert seal_watch.anchored(scene.house, f"2:{link.digest}")[0].row == "book#2"
    assert seal_watch.anchored(scene.house, "1:other")[0].row == "book#1"
    with pytest.raises(Invalid, match="POSITION:DIGEST"):
        seal_watch.anchored(scene.house, "nonsense")


@pytest.mark.slow
def test_a_red_light_stays_red_while_the_turn_goes_on_and_until_it_is_put_right(scene):
    """More links than one run looks at: the broken one is old, and the turn leaves it behind."""
    for number in range(2 * seal_watch.LINE_PART + 9):
        scene.act(f"act {number}")
        seals.seal(scene.house)
    row = read(scene.house, select(audit).order_by(audit.c.id))[1]
    run(scene.house, update(audit).where(audit.c.id == row.id).values(text="other"))
    first = seal_watch.light(scene.house)
    assert [one.row for one in first] == [f"audit:{row.id.hex}"]
    for _ in range(2):
        assert seal_watch.light(scene.house) == first
    run(scene.house, update(audit).where(audit.c.id == row.id).values(text=row.text))
    assert seal_watch.light(scene.house) == []


def test_an_orders_standing(scene):
    def standing():
        with scene.house.database.read() as connection:
            found = seal_watch.standing(scene.house, connection, scene.first)
        return found.state, found.links, found.waiting

    assert standing() == ("waiting", 0, 3)
    seals.seal(scene.house)
    assert standing() == ("sealed", 1, 0)
    run(scene.house, update(moves).where(moves.c.order_id == scene.first).values(reason="because"))
    assert standing()[0] == "broken"


def test_ids_of_a_moment_are_found_by_a_range():
    moment = seal_rows.id_now()
    assert seal_rows.millis(seal_rows.floor(moment)) == moment
    assert seal_rows.floor(moment) <= new_id() < seal_rows.floor(moment + 60_000)
    assert UUID(int=0) < seal_rows.floor(1)
