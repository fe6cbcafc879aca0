"""Telephone engines behind one port. Nothing here knows Django, the queue, or who is calling."""
