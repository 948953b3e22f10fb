"""`python -m tools.registry`: the registry in this process, with as few imports as it needs."""

from __future__ import annotations

import argparse
import json
import sys

from tools.errors import UserError
from tools.registry.guard import Guard
from tools.registry.server import DEFAULT_HOST, DEFAULT_PORT, run
from tools.registry.store import MEMORY


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal comes; 0 after a graceful stop, 2 where it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m tools.registry", description=__doc__)
    parser.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--db", default=MEMORY, help="SQLite file, or %(default)s, which keeps nothing (the default)")
    parser.add_argument("--json", action="store_true", help="announce the URL as a line of JSON")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when standard input ends")
    parser.add_argument("--user", action="append", default=[], metavar="NAME:HASH", help="may come in; repeatable")
    parser.add_argument("--users", metavar="FILE", help="file with a line NAME:HASH for each user")
    parser.add_argument("--tls-cert", metavar="FILE", help="certificate chain (PEM): serve https")
    parser.add_argument("--tls-key", metavar="FILE", help="its private key (PEM)")
    options = parser.parse_args(arguments)

    def announce(url: str) -> None:
        print(json.dumps({"url": url}) if options.json else f"schema registry: {url}", flush=True)

    try:
        return run(
            options.host,
            options.port,
            options.db,
            on_ready=announce,
            until_stdin_closes=options.until_stdin_closes,
            guard=Guard(tuple(options.user), options.users, options.tls_cert, options.tls_key),
        )
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
