"""Asking gateways: one payment, an order, what is due, a whole run; their schedules and their health."""
