"""Copies of a database with tables, one for each test. Making one takes PostgreSQL some 100 ms, so a copy is emptied
and lent again; one whose tables were changed, or that will not be emptied, is thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from kartify.testing.postgres import drop_database, fresh_database

# Rows that are gone are still read over; what grew beyond this is not worth keeping.
_MOST_BYTES = 4_000_000
_EMPTY = """DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
END $$"""
_OTHERS = """SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_BYTES = """SELECT coalesce(sum(pg_relation_size(oid)), 0) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"""
# A number that any other table, column, index, constraint, trigger, function or setting changes.
_SHAPE = """SELECT concat_ws(' ',
    (SELECT sum(hashtext(oid::text || relname || relchecks || relhastriggers)::bigint) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace),
    (SELECT sum(hashtext(attrelid::text || attname || atttypid || attnotnull || attisdropped)::bigint)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND attnum > 0),
    (SELECT sum(hashtext(oid::text || conname || convalidated)::bigint) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace),
    (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal OR tgenabled <> 'O'),
    (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
    (SELECT count(*) FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
        WHERE datname = current_database()))"""


class Copies:
    """Lends copies of ``template`` (a URL; nobody may be connected to it) on the server of ``server``."""

    def __init__(self, server: str, template: str) -> None:
        self._server, self._template = server, template
        self._free: list[str] = []
        self._shapes: dict[str, str] = {}
        self.made = 0

    @contextmanager
    def one(self) -> Iterator[str]:
        """The URL of an empty copy, for as long as the context lasts."""
        url = self._free.pop() if self._free else self._make()
        try:
            yield url
        finally:
            if self._emptied(url):
                self._free.append(url)
            else:
                self._shapes.pop(url)
                drop_database(url)

    def _make(self) -> str:
        self.made += 1
        url = fresh_database(self._server, self._template)
        with psycopg.connect(url) as connection:
            self._shapes[url] = _word(connection, _SHAPE)
        return url

    def _emptied(self, url: str) -> bool:
        """False where it cannot be lent again."""
        with suppress(psycopg.Error), psycopg.connect(url) as connection:
            connection.execute("SET LOCAL lock_timeout = '1s'")
            connection.execute(_OTHERS)
            if _word(connection, _SHAPE) != self._shapes[url] or int(_word(connection, _BYTES)) > _MOST_BYTES:
                return False
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute(_EMPTY)
            return True
        return False


def _word(connection: psycopg.Connection, query: str) -> str:
    row = connection.execute(query).fetchone()
    return str(row and row[0])
