"""From bytes to a settled order: what came, whether it is proved, and kept."""
