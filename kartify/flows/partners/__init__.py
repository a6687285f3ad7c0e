"""What OMSes say and fetch: their news, their routes, their refusals."""
