"""For any WSGI server: ``gunicorn wsgi:app``. ``kartify web`` and ``kartify up`` serve it with granian."""

from kartify.app import from_environment

app = from_environment()
