"""The PostgreSQL that tests run on."""

import psycopg
import pytest

from kartify.testing.postgres import drop_database, fresh_database, running_postgres


def test_databases_are_made_empty_or_as_copies(postgres_database):
    with psycopg.connect(postgres_database) as connection:
        connection.execute("create table t (n int)")
        connection.execute("insert into t values (7)")
    copy = fresh_database(postgres_database, template=postgres_database)
    with psycopg.connect(copy) as connection:
        assert connection.execute("select n from t").fetchall() == [(7,)]
    drop_database(copy)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(copy)


@pytest.mark.parametrize("crash", [False, True])
def test_it_can_be_stopped_and_started_at_the_same_url(postgres_server, postgres_database, crash):
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute("create table t (n int)")
        postgres_server.stop(crash=crash)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres_database)
    postgres_server.start()
    with psycopg.connect(postgres_database) as connection:
        assert connection.execute("select count(*) from t").fetchone() == (0,)


def test_it_is_durable_unless_told_otherwise(postgres_url, tmp_path):
    with running_postgres(tmp_path, settings=["max_connections=20"]) as url, psycopg.connect(url) as connection:
        assert connection.execute("show fsync").fetchone() == ("on",)
        assert connection.execute("show synchronous_commit").fetchone() == ("on",)
        assert connection.execute("show max_connections").fetchone() == ("20",)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("show fsync").fetchone() == ("off",)


def test_it_ends_with_the_process_that_started_it(script, survivors, eventually, tmp_path):
    process = script(
        "import time\nfrom pathlib import Path\nfrom kartify.testing.postgres import running_postgres\n"
        f"with running_postgres(Path({str(tmp_path)!r}), fsync=False) as url:\n    print('up'); time.sleep(300)"
    )
    eventually(lambda: "up" in script.said(), 20)
    assert len(survivors()) > 1
    process.kill()
    process.wait()
    eventually(lambda: not survivors(), 5)
