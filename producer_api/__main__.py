"""`python -m producer_api`: the API as it is meant to be served, on 127.0.0.1:8000 unless told otherwise.

`--host`, `--port`, `--workers`, `--ssl-certfile` and so on are those of uvicorn's command, and replace what is set.
"""

from __future__ import annotations

import sys

import uvicorn

from producer_api.serving import APP, SERVER_OPTIONS


def main() -> None:
    """Serve until a signal comes. Raises SystemExit, with uvicorn's message for an argument that it does not know."""
    uvicorn.main([APP, *SERVER_OPTIONS, *sys.argv[1:]], prog_name="python -m producer_api")


if __name__ == "__main__":
    main()
