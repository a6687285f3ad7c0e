"""What money means for an order: the facts, the decision as rows, and the one door for a status."""
