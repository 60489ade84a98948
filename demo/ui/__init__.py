"""The page: layout and events (page), one visitor's run (live, timeline), what the browser runs (static/)."""
