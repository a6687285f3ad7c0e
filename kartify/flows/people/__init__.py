"""What people do: moves and edits by hand, Confirm payment, closing exceptions, users, keys, stores."""
