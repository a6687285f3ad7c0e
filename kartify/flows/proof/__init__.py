"""The laws as SQL over the live database."""
