"""The parts of the embedded cluster: programs, files and locks, the data directory, the server, what is inside."""
