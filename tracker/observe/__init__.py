"""What the running service tells of itself: log lines and measurements.

Nothing here knows a market, a trader or a key: labels come from short lists that the code names.
"""
