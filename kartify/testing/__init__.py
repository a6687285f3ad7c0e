"""The kit that plugin authors and we test with."""
