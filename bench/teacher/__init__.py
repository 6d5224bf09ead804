"""What teacher stages cost in time, memory and requests, against a server that answers as it is told."""
