"""How fast a signed webhook is settled, beside what the database alone can do in the same run."""
