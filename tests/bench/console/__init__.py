"""How the console does under load, on slow links and when its terminal goes away, through a real pseudo-terminal."""
