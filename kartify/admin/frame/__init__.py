"""What every page of the admin stands on: signing in, permissions, genuine forms, paging, and how values look."""
