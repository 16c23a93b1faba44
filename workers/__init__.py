"""What runs beside the service: workers that run jobs, and the schedule that asks for them.

Thin drivers over `tracker.services`: an id in, one use case, done.
"""
