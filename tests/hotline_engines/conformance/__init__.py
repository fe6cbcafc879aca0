"""One suite for every engine behind the port: the same scenarios, with sound, on each."""
