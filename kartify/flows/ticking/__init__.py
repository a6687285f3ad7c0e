"""What time brings: what is due or tried again, what the clock concludes, accounts that cannot work."""
