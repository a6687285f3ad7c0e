"""The demo store and the story: real orders through the real doors, with simulators at the other ends."""
