"""What every route keeps: who asks, what is refused and how, retries, pages, conditional reads."""
