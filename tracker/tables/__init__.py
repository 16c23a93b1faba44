"""Tables in and out: the offices' and banks' files as typed rows, and rows as CSV and XLSX.

Pure: no store, no web, no clock. `read_roster` and `read_bank` read, `write_csv` and `write_xlsx`
write; `total_line` knows a line of sums from a trader.
"""

from tracker.tables.cells import total_line
from tracker.tables.reading import FILE_BYTES_MAX, Table, read_bank, read_roster
from tracker.tables.rows import WARNINGS, BankRow, RosterRow
from tracker.tables.writing import write_csv, write_xlsx

__all__ = [
    "FILE_BYTES_MAX",
    "WARNINGS",
    "BankRow",
    "RosterRow",
    "Table",
    "read_bank",
    "read_roster",
    "total_line",
    "write_csv",
    "write_xlsx",
]
