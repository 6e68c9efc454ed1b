"""Who runs when: mailboxes side by side within their limits, steered through the store. Knows no screen."""
