"""The only package that speaks to the store: key names, the commit step, reads, publications."""
