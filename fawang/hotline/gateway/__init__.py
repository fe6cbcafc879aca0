"""The seat gateway: WebRTC of the browser seats on one side, plain SIP and RTP of whichever engine on the other."""
