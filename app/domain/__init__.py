"""The arithmetic and the rules: pure, exact, readable by an economist. Standard library only."""
