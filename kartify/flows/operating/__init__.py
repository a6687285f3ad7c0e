"""What a gateway is asked to do with money: capture, void, refund; stored first, done once."""
