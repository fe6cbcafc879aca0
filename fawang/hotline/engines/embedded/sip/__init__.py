"""SIP (RFC 3261 and what hotlines meet of its family): messages, transports, transactions. Knows no calls and no sound."""
