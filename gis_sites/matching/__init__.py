"""Requirement x profile -> shortlist: verdicts, scores, order, reasons, and the sentences that say them.

`read_requirement` -> `match` -> a dict that is the shortlist JSON; `why` explains one parcel; `sentences` and
`table` put both into words.
"""
