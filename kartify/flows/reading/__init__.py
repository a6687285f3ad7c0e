"""Lists that more than one edge reads: a page of the admin shows them, a worker exports them."""
