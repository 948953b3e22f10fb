"""What really runs, by environment: which application reads and writes which version of a contract.

Pins say what the applications of this project will do; this says what all of them do, those of other repositories too.
Nothing is imported here, for the gate and the command line load no more of it than they need.
"""
