"""The processes around the application: the embedded Redis, the web server, the worker, the clock, and their keeper."""
