"""What fills the terminal: the dashboard, and what is asked or told in front of it."""
