"""What a storefront asks for: Confirm Order, another attempt, placing, cancelling, reading."""
