"""Pages over the test store, without a browser."""
