"""The one search of the house: ``ask(Query("…"))``."""
