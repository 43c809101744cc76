"""What ``start.py`` compares with: a process that imports the framework and reads the current rows, and no more."""

import sqlite3
import sys
from importlib import import_module
from pathlib import Path

FRAMEWORK = ("fastapi", "sqlalchemy", "sqlmodel", "uvicorn.protocols.http.httptools_impl", "uvloop")
CURRENT = """
SELECT quotes.*, descriptions.* FROM quotes JOIN descriptions ON descriptions.id = quotes.description_id
WHERE quotes.period = (SELECT max(period) FROM quotes)
"""


def main(database: Path) -> int:
    """Import what a server needs, read the newest quarter's rows; return how many."""
    for module in FRAMEWORK:
        import_module(module)
    connection = sqlite3.connect(database)
    rows = connection.execute(CURRENT).fetchall()
    connection.close()
    return len(rows)


if __name__ == "__main__":
    sys.stdout.write(str(main(Path(sys.argv[1]))))
