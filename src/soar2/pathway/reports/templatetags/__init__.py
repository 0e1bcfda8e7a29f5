"""Template tags of the pathway."""
