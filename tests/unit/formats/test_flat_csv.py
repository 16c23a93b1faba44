"""The flat table, read back with the csv module."""

from __future__ import annotations

import csv
import io
from typing import get_args

from tests.unit.formats.bodies import NAMES, bare, of_old, published, value
from tracker.domain.facts import FindingKind
from tracker.domain.figures import FIGURES
from tracker.domain.lines import REASONS
from tracker.formats import flat_csv, parts

# Readers go by position: this line may only ever grow at its end.
PINNED = (
    "market,market_name,area_code,date,revision,definition_version,published_at,ledger_position,"
    "denominator,denominator_basis,registered,issued,issued_rate,attached,attached_rate,"
    "waterfall_opening,waterfall_attached,waterfall_reattached,waterfall_removed,"
    "waterfall_removed_tax_worry,waterfall_removed_fraud,waterfall_removed_lost_phone,"
    "waterfall_removed_no_signal,waterfall_removed_bank_change,waterfall_removed_moved_stall,"
    "waterfall_removed_closed,waterfall_removed_other,waterfall_removed_superseded,"
    "waterfall_removed_revoked,waterfall_left,waterfall_closing,denominator_opening,"
    "denominator_change,denominator_closing,flag_no_census,flag_registered_exceeds_census,"
    "flag_swap_suspected,content_digest,digest,previous_digest,"
    "verified_30d,verified_30d_rate,transacting,transacting_rate,active_30d,active_30d_rate,"
    "active_90d,active_90d_rate,regular_90d,regular_90d_rate,dormant,dormant_rate,"
    "payments,amount_vnd,vendors_paid,withheld,"
    "month_to_date_payments,month_to_date_amount_vnd,month_to_date_vendors_paid,"
    "month_to_date_withheld,completeness_expected,completeness_reported,completeness_final,"
    "flag_activity_missing,flag_activity_without_attachment,flag_duplicate_account,"
    "flag_stale_verification,flag_partner_ref_reused,"
    "indicator,indicator_area_valid_from,indicator_numerator,indicator_denominator,"
    "indicator_rate,indicator_bare,indicator_comparator"
)


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_header_line_only_grows() -> None:
    line = flat_csv.encode([], NAMES).removeprefix(flat_csv.BOM).decode()
    assert line.rstrip("\r\n").startswith(PINNED)
    assert line.endswith("\r\n")


def test_a_row_says_what_the_body_says() -> None:
    body = published()
    data = flat_csv.encode([body], NAMES)
    assert data.startswith(flat_csv.BOM)
    (row,) = read(data)
    assert None not in row
    assert row["market_name"] == "Chợ Vũng Tàu"
    assert (row["attached"], row["denominator"], row["attached_rate"]) == ("74", "214", "34.58")
    assert (row["waterfall_removed"], row["waterfall_removed_tax_worry"]) == ("3", "2")
    assert (row["waterfall_removed_superseded"], row["waterfall_removed_fraud"]) == ("1", "0")
    assert (row["denominator_change"], row["flag_no_census"]) == ("-1", "1")
    for name in ("area_code", "date", "published_at", "ledger_position", "digest"):
        assert row[name] == body[name]


def test_every_figure_has_its_count_and_rate() -> None:
    body = published()
    (row,) = read(flat_csv.encode([body], NAMES))
    for name, figure in body["figures"].items():
        assert row[name] == str(figure["count"])
        if name != "registered":
            assert row[f"{name}_rate"] == str(figure["rate"])


def test_money_stands_in_whole_dong_for_the_day_and_the_month() -> None:
    (row,) = read(flat_csv.encode([published()], NAMES))
    day = [row[name] for name in ("payments", "amount_vnd", "vendors_paid", "withheld")]
    assert day == ["90", "2100030", "30", "false"]
    assert row["month_to_date_amount_vnd"] == "2034000000"
    assert row["month_to_date_withheld"] == "false"


def test_withheld_money_is_empty_and_says_so_and_money_not_reported_is_only_empty() -> None:
    few, none = read(flat_csv.encode([published(paid=4), published(paid=None)], NAMES))
    names = ("payments", "amount_vnd", "vendors_paid", "withheld")
    assert [few[name] for name in names] == ["", "", "4", "true"]
    assert [none[name] for name in names] == ["", "", "", "false"]


def test_completeness_names_the_banks() -> None:
    (row,) = read(flat_csv.encode([published()], NAMES))
    assert row["completeness_expected"] == "970405 970436"
    assert (row["completeness_reported"], row["completeness_final"]) == ("970436", "false")


def test_each_flag_has_its_count() -> None:
    (row,) = read(flat_csv.encode([published()], NAMES))
    found = {name: count for name, count in row.items() if name.startswith("flag_")}
    assert {name for name, count in found.items() if count != "0"} == {
        *("flag_no_census", "flag_activity_missing", "flag_stale_verification")
    }
    assert found["flag_stale_verification"] == "7"


def test_a_body_of_old_has_empty_cells_where_it_says_nothing() -> None:
    old, new = of_old(), published()
    first, second = read(flat_csv.encode([old, new], NAMES))
    empty = {name for name in first if first[name] == "" and second[name] != ""}
    figures = new["figures"].keys() - old["figures"].keys()
    assert empty >= {*figures, *(f"{name}_rate" for name in figures)}
    assert empty >= {"payments", "withheld", "completeness_final", "flag_activity_missing"}
    assert (first["attached"], first["flag_no_census"]) == ("74", "1")


def test_what_is_not_there_is_an_empty_cell() -> None:
    (row,) = read(flat_csv.encode([published(base=0, attached=0, area=None)], {}))
    assert (row["area_code"], row["attached_rate"]) == ("", "")
    assert row["market_name"] == "cho-vung-tau"


def test_a_reported_value_is_a_row_without_a_market() -> None:
    rows = read(flat_csv.encode([published(), value(), bare()], NAMES))
    assert [row["market"] for row in rows] == ["cho-vung-tau", "", ""]
    snapshot, whole, over = rows
    assert (snapshot["indicator"], snapshot["indicator_rate"]) == ("", "")
    assert (whole["area_code"], whole["date"], whole["revision"]) == ("26506", "2026-10-31", "1")
    assert whole["indicator_area_valid_from"] == "2025-07-01"
    numbers = [whole[f"indicator_{name}"] for name in ("numerator", "denominator", "rate", "bare")]
    assert numbers == ["81691", "277975", "29.39", "false"]
    assert (over["indicator_numerator"], over["indicator_rate"]) == ("", "80")
    assert (over["indicator_bare"], over["indicator_comparator"]) == ("true", "gt")


def test_a_name_is_never_a_formula() -> None:
    (row,) = read(flat_csv.encode([published("cho-la")], NAMES))
    assert row["market_name"] == "'=HYPERLINK(1)"


def test_rows_to_be_appended_continue_the_table() -> None:
    first, second = published(), published(date="2026-11-01")
    whole = flat_csv.encode([first, second], NAMES)
    appended = flat_csv.encode([second], NAMES, header=False)
    assert flat_csv.encode([first], NAMES) + appended == whole


def test_the_lists_of_the_formats_are_those_of_the_domain() -> None:
    assert parts.FIGURES == FIGURES
    assert set(parts.REASONS) == set(REASONS)
    findings = dict.fromkeys(get_args(FindingKind), 1)
    assert findings.keys() <= set(parts.LATER_FLAGS)
