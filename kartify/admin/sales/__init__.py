"""Sales » Orders: the list, the order page, and what can be done there."""
