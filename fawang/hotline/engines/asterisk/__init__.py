"""Asterisk 22 behind the port: an adapter that speaks ARI. Asterisk carries signalling and sound; rules, numbers and the event spool stay ours."""
