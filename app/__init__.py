"""ThreePercent: the total cost of sending money home, compared honestly."""

__version__ = "0.1.0"
