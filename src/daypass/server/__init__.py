"""The only room that knows the web server: listeners, limits, workers, health."""
