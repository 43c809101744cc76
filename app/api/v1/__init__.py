"""Version 1, a file per resource: its router, its inputs and its answers."""
