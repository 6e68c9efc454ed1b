"""The parts of the screens. They draw lines of toned text; `tui.safe` makes them fit for a terminal."""
