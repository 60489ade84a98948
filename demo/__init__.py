"""Out of Static: run (what a run is), engine (makes it), page (shows it), web (in the browser), tiny (the model)."""
