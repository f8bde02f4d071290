"""Memory and time of one meta-iteration against the number of inner steps."""
