"""The batch file: what may stand in it, reading it with every problem told at once, saving it, secrets."""
