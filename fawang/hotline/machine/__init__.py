"""The call machine: what each event, key and deadline does to a call. One module a stretch of the way."""
