"""One module for each form of a report, each with `report(result, root)`, which gives the text in pieces."""
