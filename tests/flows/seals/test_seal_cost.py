"""What the sealer costs: ranges of ids, however many rows are sealed already."""

from __future__ import annotations

from sqlalchemy import event, insert, text

from kartify import clock
from kartify.flows.proof import seal_rows, seals
from kartify.models import Seal, TimelineEntry, table

from .conftest import id_of

SEALED = 8_000


def history(scene):
    """Years of it, sealed long ago: rows, and a book whose last mark is behind them."""
    order = scene.first
    made = [{"id": id_of(100_000 + SEALED - at), "order_id": order, "at": clock.now(), "kind": "note", "by": "x",
             "text": "x"} for at in range(SEALED)]
    links = [{"id": id_of(90_000), "chain": f"order:{one['id'].hex}", "position": 1, "rows": [], "digest": "x",
              "at": clock.now()} for one in made]

    def write(connection):
        connection.execute(insert(table(TimelineEntry)), made)
        connection.execute(insert(table(Seal)), links)

    scene.house.database.run(write)


def told(house, work):
    """Every statement that was sent meanwhile, with its values."""
    sent = []

    def note(connection, cursor, statement, values, context, many):
        sent.append((statement, values, many))

    event.listen(house.database.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(house.database.engine, "before_cursor_execute", note)
    return [(statement, values) for statement, values, many in sent if statement.startswith("SELECT") and not many]


def plan(house, statement, values):
    how = "EXPLAIN" if house.database.postgres else "EXPLAIN QUERY PLAN"
    with house.database.read() as connection:
        return "\n".join(str(row) for row in connection.exec_driver_sql(f"{how} {statement}", values))


def test_a_batch_reads_ranges_of_ids_and_never_a_table(scene):
    seals.seal(scene.house)
    history(scene)
    if scene.house.database.postgres:
        scene.house.database.run(lambda connection: connection.execute(text("ANALYZE")))
    scene.act("new", order_id=scene.first)
    asked = told(scene.house, lambda: seals.seal(scene.house))
    plans = [plan(scene.house, *one) for one in asked]
    assert len(plans) > 10
    big = [one for one in plans if "timeline" in one or "seals" in one]
    assert len(big) >= 4
    assert [one for one in big if "counters" not in one and ("Seq Scan" in one or "SCAN" in one)] == []


def test_a_batch_takes_as_many_rows_as_are_new(scene):
    """Rows read, not only how: eight thousand sealed ones are not among them."""
    seals.seal(scene.house)
    history(scene)
    scene.act("new", order_id=scene.first)
    rows = []
    with scene.house.database.read() as connection:
        marks = seals.sealed_until(connection)
        for source in seal_rows.SOURCES.values():
            until = seal_rows.floor(seal_rows.id_now() + 1)
            rows += connection.execute(seals._ahead(source, marks.get(source.kind), until)).all()
            rows += seals._behind(connection, source, marks[source.kind])
        assert len(seals._known(connection, marks)) < 30
    assert len(rows) < 60
