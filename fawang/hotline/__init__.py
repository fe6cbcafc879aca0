"""The 12348 hotline: calls, queues, seats, recordings, and the engines that carry the voice."""
