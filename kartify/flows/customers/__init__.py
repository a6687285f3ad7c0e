"""What a customer may see and do with a signed link: how the order stands, and asking the gateway again."""
