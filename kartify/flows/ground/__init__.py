"""What every verb stands on: rows as data and how they are written, the audit, finding what a message is about."""
