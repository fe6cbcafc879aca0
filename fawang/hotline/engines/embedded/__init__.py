"""The embedded engine: SIP and sound in pure Python, in a process of its own, talking JSON lines on a Unix socket."""
