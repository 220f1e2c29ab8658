"""GML of the Polish registers, and any other: read as a stream, by lists of what may enter; runs in the child process."""
