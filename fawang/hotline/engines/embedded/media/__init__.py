"""Sound on the wire: RTP and RTCP, keys, prompts, mixing, recording. Knows no SIP and no queue."""
