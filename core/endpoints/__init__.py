"""From a batch's definition and its secrets to a source or a destination; alone knows which kinds exist."""
