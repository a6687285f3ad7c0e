"""Faults strike at once, also where the call had a body that nobody read."""

import time

import pytest
import urllib3
from flask import Flask

from kartify.simulation import Faults, serve
from kartify.simulation.serving import Served
from kartify.testing.serve import serving


@pytest.mark.parametrize("fault", ["dropped-before", "dropped-after"])
def test_a_dropped_line_drops_at_once_whatever_the_size_of_the_call(fault):
    app, served = Flask("dropping"), Served(faults=Faults(None))
    serve(app, {"POST /calls": dict}, served)
    served.faults.next(fault)
    with serving(app) as url:
        begun = time.monotonic()
        with pytest.raises(urllib3.exceptions.HTTPError):
            urllib3.request("POST", f"{url}/calls", body=b"x" * 300_000, retries=False, timeout=5)
        assert time.monotonic() - begun < 3
