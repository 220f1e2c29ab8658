"""Source to revision: open, recognise, conform, repair, compare, load. The only room that opens foreign files."""
