"""The house of the application that serves this request."""

from __future__ import annotations

from flask import Flask, current_app

from kartify.house import House

KEY = "kartify"


def house_of(app: Flask) -> House:
    found = app.extensions[KEY]
    assert isinstance(found, House)
    return found


def current_house() -> House:
    return house_of(current_app)
