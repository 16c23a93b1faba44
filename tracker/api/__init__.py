"""The HTTP service: thin drivers of the use cases, and the conventions that all of them keep."""
