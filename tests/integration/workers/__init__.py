"""Workers, queue and schedule, against a real store and real processes."""
