"""The reference client of the feed: what an operations centre runs from cron (`tracker pull`).

It needs the service's address, a key and a directory, and neither store nor settings. It can be
stopped at any moment: what it keeps is taken over page by page, and the cursor is written last.
"""
