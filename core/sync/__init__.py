"""One pass over one mailbox: folders, plan, transfer, doubt, flags, moves. Knows no protocol."""
