"""What the database alone does here and now: four plain statements a transaction, by pgbench."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from kartify.testing.postgres import programs

CLIENTS, THREADS = 16, 2
_TABLES = """
CREATE TABLE IF NOT EXISTS bench_events (id uuid PRIMARY KEY, key text UNIQUE, body text, at timestamptz);
CREATE TABLE IF NOT EXISTS bench_orders (id int PRIMARY KEY, status text, at timestamptz);
CREATE TABLE IF NOT EXISTS bench_history (id uuid PRIMARY KEY, order_id int, target text, at timestamptz);
CREATE TABLE IF NOT EXISTS bench_outbox (id uuid PRIMARY KEY, order_id int, state text, at timestamptz);
INSERT INTO bench_orders SELECT n, 'missing', '2026-01-01' FROM generate_series(1, 100000) n ON CONFLICT DO NOTHING;
"""
_SCRIPT = """\\set order random(1, 100000)
BEGIN;
INSERT INTO bench_events VALUES (gen_random_uuid(), gen_random_uuid()::text, repeat('x', 1300), '2026-01-01');
UPDATE bench_orders SET status = 'processing', at = '2026-01-02' WHERE id = :order;
INSERT INTO bench_history VALUES (gen_random_uuid(), :order, 'processing', '2026-01-02');
INSERT INTO bench_outbox VALUES (gen_random_uuid(), :order, 'due', '2026-01-02');
COMMIT;
"""


def prepare(url: str, home: Path) -> Path:
    """Makes the tables of its own; gives the script."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_TABLES)
        connection.execute("VACUUM ANALYZE bench_orders")
    script = home / "four-statements.sql"
    script.write_text(_SCRIPT, "utf-8")
    return script


def measure(url: str, script: Path, seconds: int) -> float:
    """Transactions a second."""
    parts = urlsplit(url)
    command = [
        str(programs() / "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", str(THREADS),
        "-T", str(seconds), "-f", str(script), "-U", "postgres", "-h", parse_qs(parts.query)["host"][0],
        parts.path.lstrip("/"),
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"tps = ([0-9.]+)", said)
    if found is None:
        raise RuntimeError(f"pgbench said something else than expected:\n{said}")
    return float(found.group(1))
