"""What Home tells: money at risk, what was recovered and how fast, what waits for a person, and whether all is well."""
