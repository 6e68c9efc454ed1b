"""The form for batch files. Slow to import, for the definition of batches behind it: imported when one is opened."""
