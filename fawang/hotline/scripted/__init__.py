"""Scripted telephones for demonstration and tests: callers and seats that are real at the line and play a part at both ends."""
