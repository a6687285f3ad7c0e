"""The web server as a process of its own: workers, ports, and no orphans."""

import os
import signal
import socket
import sys
from contextlib import closing

import psutil
import pytest
import urllib3

from kartify.stack.supervise import Supervisor
from kartify.stack.web import port_problem

APP = """
import os
def make():
    def app(environ, start_response):
        start_response("200 OK", [("content-type", "text/plain")])
        return [str(os.getpid()).encode()]
    return app
"""
RUN = """
import sys
from kartify.stack.web import run_web
run_web("app_for_test:make", host="127.0.0.1", port=int(sys.argv[1]))
"""


@pytest.fixture
def port():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return taken.getsockname()[1]


@pytest.fixture
def get(port):
    with urllib3.PoolManager() as pools:

        def ask():
            try:
                return int(pools.request("GET", f"http://127.0.0.1:{port}/", retries=False, timeout=2).data)
            except urllib3.exceptions.HTTPError:
                pools.clear()
                return None

        yield ask


@pytest.fixture
def served(script, tmp_path, port, get, eventually):
    (tmp_path / "app_for_test.py").write_text(APP)
    process = script(RUN, str(port))
    eventually(get)
    eventually(lambda: len(psutil.Process(process.pid).children()) >= 2)
    return process


def test_it_answers_from_workers_and_stops_when_asked(served, get, survivors, eventually):
    assert get() in [child.pid for child in psutil.Process(served.pid).children(recursive=True)]
    served.terminate()
    assert served.wait(10) == 0
    eventually(lambda: not survivors(), 2)


def test_no_worker_answers_after_the_main_process_was_killed(served, get, survivors, eventually):
    served.kill()
    served.wait()
    eventually(lambda: not survivors(), 5)
    assert get() is None


def test_a_killed_worker_is_replaced(served, get, eventually):
    workers = {child.pid for child in psutil.Process(served.pid).children()}
    os.kill(min(workers), signal.SIGKILL)
    eventually(lambda: len({c.pid for c in psutil.Process(served.pid).children()} - {min(workers)}) == 2)
    assert eventually(get)
    assert served.poll() is None


def test_a_taken_port_is_one_clear_sentence_and_code_1(served, script, port):
    second = script(RUN, str(port))
    assert second.wait(20) == 1
    [said] = script.said(1).splitlines()
    assert said.startswith(f"Cannot listen on 127.0.0.1:{port} (Address already in use): stop what runs there")


def test_a_host_that_is_not_ours_is_told(port):
    assert "Cannot listen on 192.0.2.1" in (port_problem("192.0.2.1", port) or "")
    assert port_problem("127.0.0.1", port) is None


def test_a_supervised_server_comes_back_on_its_port_and_goes_with_its_supervisor(
    tmp_path, port, get, survivors, eventually
):
    (tmp_path / "app_for_test.py").write_text(APP)
    (tmp_path / "run.py").write_text(RUN)
    env = {"PYTHONPATH": str(tmp_path), "MARK": str(tmp_path)}
    with Supervisor(say=lambda *_: None) as stack:
        stack.start("web", [sys.executable, str(tmp_path / "run.py"), str(port)], env)
        first = eventually(get, 15)
        os.kill(stack.pid("web"), signal.SIGKILL)
        eventually(lambda: get() not in (None, first), 15)
        # A worker that the killed server left behind may answer until it has seen that it is alone.
        eventually(lambda: stack.restarts["web"] >= 1, 15)
    eventually(lambda: not survivors(), 2)
    assert get() is None
