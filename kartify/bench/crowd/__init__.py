"""A crowd of invented orders with everything that belongs to them, so that pages can be measured at size."""
