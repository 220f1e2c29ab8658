"""Measurements beside other tools on the same input, the same server and the same machine; see README.md."""
