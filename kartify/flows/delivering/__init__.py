"""What OMSes must get: rows, calls and their ends, the feed, and by hand."""
