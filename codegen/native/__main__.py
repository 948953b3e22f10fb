"""`python -m codegen.native`: whether the compiled transcoder is in use; `--build` builds it, `--remove` removes it."""

from __future__ import annotations

import argparse
import sys

from codegen.native.build import NoBuild, build, library_path, remove, stale_libraries


def main() -> int:
    """Exit code 0, or 1 where it cannot be built."""
    parser = argparse.ArgumentParser(prog="python -m codegen.native", description=__doc__)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--build", action="store_true", help="compile it: Cython and a C compiler are needed")
    group.add_argument("--remove", action="store_true", help="remove it: the pure Python is used again")
    options = parser.parse_args()
    try:
        if options.build:
            build()
        elif options.remove:
            remove()
    except NoBuild as error:
        print(f"the compiled transcoder cannot be built: {error}", file=sys.stderr)
        return 1
    if library_path().exists():
        print(f"the compiled transcoder is in use: {library_path()}")
    else:
        stale = stale_libraries()
        why = f"what was built ({stale[0].name}) is of another source" if stale else "none was built"
        print(f"the pure Python is in use: {why}; `make compiled` builds it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
