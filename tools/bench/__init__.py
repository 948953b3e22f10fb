"""The benchmark: every figure beside its floor from the same run, measured in turns, as median and spread.

`make bench` (minutes) and `make bench-full`; one row alone: `python -m tools.bench --row encode`. Each row of the table
is a module in `rows`, which offers cases; a case has contenders that do the same job, the product's first, and aims.
"""
