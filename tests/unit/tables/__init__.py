"""Tables in and out: files as offices send them, and as they must not be."""
