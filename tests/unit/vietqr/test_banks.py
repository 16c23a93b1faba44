from tracker.vietqr.banks import banks, find, warning


def test_the_table_is_keyed_on_bins() -> None:
    table = banks()
    assert len(table) == 72
    assert all(
        len(bin_) == 6 and bin_.isdigit() and bank.bin == bin_ for bin_, bank in table.items()
    )
    assert all(bank.short_name and bank.full_name for bank in table.values())


def test_known_banks() -> None:
    bank = find("970436")
    assert bank is not None
    assert (bank.short_name, bank.vietqr_transfer) == ("Vietcombank", True)
    # Two banks that public lists both call BVB.
    assert {banks()["970438"].short_name, banks()["970454"].short_name} == {
        "BaoVietBank",
        "VietCapitalBank",
    }
    assert find("000000") is None


def test_warnings() -> None:
    assert warning("970436") is None
    assert warning("458761") == "BIN_NO_TRANSFER"  # listed as taking none
    assert warning("970459") == "BIN_NO_TRANSFER"  # not said: counts as none
    assert warning("123456") == "BIN_UNKNOWN"
