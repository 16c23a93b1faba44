"""Pages without a store: words, numbers, charts, templates."""
