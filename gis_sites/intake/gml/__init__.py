"""GML of the Polish registers, and any other: read as a stream in the child process, by lists of what may enter."""
