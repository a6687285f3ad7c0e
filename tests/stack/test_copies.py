"""Databases that tests are lent: always as new."""

from __future__ import annotations

import psycopg
import pytest

from kartify.testing.copies import Copies
from kartify.testing.postgres import fresh_database


@pytest.fixture(scope="module")
def template(postgres_url):
    url = fresh_database(postgres_url)
    with psycopg.connect(url) as connection:
        connection.execute("create table shops (n int primary key)")
        connection.execute("create table orders (n int primary key, shop int not null references shops, note text)")
    return url


@pytest.fixture
def copies(postgres_url, template):
    return Copies(postgres_url, template)


def _write(url):
    with psycopg.connect(url) as connection:
        connection.execute("insert into shops values (1)")
        connection.execute("insert into orders values (1, 1, 'x')")


def test_one_that_was_written_to_is_lent_again_and_empty(copies):
    with copies.one() as first:
        _write(first)
    with copies.one() as second, psycopg.connect(second) as connection:
        assert second == first
        found = connection.execute("select (select count(*) from shops) + (select count(*) from orders)").fetchone()
    assert (found, copies.made) == ((0,), 1)


def test_two_at_once_are_two(copies):
    with copies.one() as first, copies.one() as second:
        assert first != second
    assert copies.made == 2


@pytest.mark.parametrize("change", [
    "alter table orders alter note set not null", "alter table orders drop note", "create index i on orders (note)",
    "alter table orders drop constraint orders_shop_fkey", "create table more (n int)", "drop table orders",
    "alter table orders add check (n > 0)", "create function f() returns int language sql as 'select 1'",
    "create function f() returns trigger language plpgsql as 'begin return null; end';"
    " create trigger t before insert on orders execute function f()",
    "alter table orders disable trigger all",
])
def test_one_whose_shape_was_changed_is_not_lent_again(copies, change):
    with copies.one() as first, psycopg.connect(first) as connection:
        connection.execute(change)
    with copies.one() as second:
        assert second != first


def test_a_setting_of_the_database_is_not_lent_on(copies):
    with copies.one() as first, psycopg.connect(first) as connection:
        connection.execute(f"alter database \"{connection.info.dbname}\" set lock_timeout = '1ms'")
    with copies.one() as second:
        assert second != first


def test_one_that_grew_large_is_not_lent_again(copies):
    with copies.one() as first, psycopg.connect(first) as connection:
        connection.execute("insert into shops select generate_series(1, 150000)")
    with copies.one() as second:
        assert second != first


def test_whoever_is_left_in_it_is_put_out(copies):
    with copies.one() as first:
        left = psycopg.connect(first)
        left.execute("lock table orders")
    with copies.one() as second:
        assert second == first
        with pytest.raises(psycopg.OperationalError):
            left.execute("select 1")
    left.close()
