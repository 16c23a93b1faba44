"""The waterfall paragraph of the domain page, rule by rule."""

from __future__ import annotations

from collections import Counter
from datetime import date

from tests.unit.domain.life import BIDV, Life, at
from tests.unit.domain.standing import roster_of
from tracker.domain import rows
from tracker.domain.days import day_number, start_of
from tracker.domain.facts import CensusDeclared, MarketOpened
from tracker.domain.figures import Grounds, content
from tracker.domain.lines import Falls, closings, day_lines
from tracker.domain.market import market_of
from tracker.domain.views import views_of

GROUPS = ("A", "seafood")
OPENED = MarketOpened(
    at("2023-05-01 00:00"), 0, "key", "Chợ Vũng Tàu", "CVT", "26506", day_number(date(2025, 7, 1))
)


def lines_on(life: Life, day: str) -> list[str]:
    """The lines of the waterfall that the vendor is on that day."""
    on = day_number(date.fromisoformat(day))
    return [line for when, line in day_lines(life.history) if when == on and line != "r"]


def hanging() -> Life:
    """Attached on 10 May."""
    life = Life().issued_on("2023-05-02 09:00")
    life.attach("2023-05-10 09:00")
    return life


class TestAttached:
    def test_the_first_sticker_that_hangs_at_the_end_of_a_day_is_the_line_attached(self) -> None:
        life = hanging()
        assert lines_on(life, "2023-05-10") == ["+"]
        assert len([line for line in day_lines(life.history) if line[1] == "+"]) == 1

    def test_the_line_belongs_to_the_day_it_happened_not_to_the_day_we_learned_it(self) -> None:
        life = Life().issued_on("2023-05-02 09:00")
        fact = life.attach("2023-05-10 09:00")[0]
        assert fact.recorded == at("2023-06-30 12:00")
        assert lines_on(life, "2023-06-30") == []

    def test_the_last_moment_of_a_day_counts_for_it_and_midnight_for_the_next(self) -> None:
        late, next_day = Life().issued_on("2023-05-02 09:00"), Life().issued_on("2023-05-02 09:00")
        late.attach("2023-05-10 23:59:59.999")
        next_day.attach("2023-05-11 00:00")
        assert (lines_on(late, "2023-05-10"), lines_on(late, "2023-05-11")) == (["+"], [])
        assert (lines_on(next_day, "2023-05-10"), lines_on(next_day, "2023-05-11")) == ([], ["+"])

    def test_attached_and_removed_within_one_day_is_no_line(self) -> None:
        life = Life().issued_on("2023-05-02 09:00")
        life.attach("2023-05-10 09:00")
        life.remove("2023-05-10 17:00")
        assert lines_on(life, "2023-05-10") == []

    def test_after_a_day_on_which_it_hung_for_an_hour_the_next_time_is_reattached(self) -> None:
        life = Life().issued_on("2023-05-02 09:00")
        life.attach("2023-05-10 09:00")
        life.remove("2023-05-10 10:00")
        life.attach("2023-05-12 09:00")
        assert lines_on(life, "2023-05-12") == ["~"]

    def test_attached_again_on_the_day_of_the_first_time_is_still_the_first_time(self) -> None:
        life = Life().issued_on("2023-05-02 09:00")
        life.attach("2023-05-10 09:00")
        life.remove("2023-05-10 10:00")
        life.attach("2023-05-10 11:00")
        assert lines_on(life, "2023-05-10") == ["+"]

    def test_a_second_code_attached_is_no_line(self) -> None:
        life = hanging()
        life.issued_on("2023-05-11 09:00", bin_=BIDV)
        life.attach("2023-05-12 09:00", code=2)
        assert lines_on(life, "2023-05-12") == []

    def test_a_voided_attachment_was_never_there_so_the_next_is_the_first(self) -> None:
        life = hanging()
        life.void(life.last_event)
        life.attach("2023-05-20 09:00")
        assert lines_on(life, "2023-05-10") == []
        assert lines_on(life, "2023-05-20") == ["+"]


class TestRemoved:
    def test_the_line_names_the_reason(self) -> None:
        life = hanging()
        life.remove("2023-05-20 09:00", reason="tax_worry")
        assert lines_on(life, "2023-05-20") == ["-tax_worry"]

    def test_one_of_two_attached_codes_removed_is_no_line(self) -> None:
        life = hanging()
        life.issued_on("2023-05-11 09:00", bin_=BIDV)
        life.attach("2023-05-12 09:00", code=2)
        life.remove("2023-05-20 09:00", code=1)
        assert lines_on(life, "2023-05-20") == []

    def test_the_reason_is_that_of_the_last_ending_event_of_the_day(self) -> None:
        life = hanging()
        life.issued_on("2023-05-11 09:00", bin_=BIDV)
        life.attach("2023-05-12 09:00", code=2)
        life.remove("2023-05-20 09:00", code=1, reason="fraud")
        life.remove("2023-05-20 10:00", code=2, reason="no_signal")
        assert lines_on(life, "2023-05-20") == ["-no_signal"]

    def test_the_last_to_happen_names_the_reason_not_the_last_to_be_told(self) -> None:
        life = hanging()
        life.issued_on("2023-05-11 09:00", bin_=BIDV)
        life.attach("2023-05-12 09:00", code=2)
        life.remove("2023-05-20 10:00", code=2, reason="no_signal")
        life.remove("2023-05-20 09:00", code=1, reason="fraud")
        assert lines_on(life, "2023-05-20") == ["-no_signal"]

    def test_a_new_version_takes_the_vendor_out_of_attached_as_superseded(self) -> None:
        life = hanging()
        life.approved_account("2023-05-15 09:00", number="0071000999999")
        life.issue("2023-05-20 09:00")
        assert life.vendor.codes[1].ended == "superseded"
        assert life.vendor.standing == (True, True, False)
        assert lines_on(life, "2023-05-20") == ["-superseded"]

    def test_superseded_and_attached_again_the_same_day_is_no_line(self) -> None:
        life = hanging()
        life.approved_account("2023-05-15 09:00", number="0071000999999")
        life.issue("2023-05-20 09:00")
        life.attach("2023-05-20 11:00", code=2)
        assert lines_on(life, "2023-05-20") == []

    def test_a_new_version_that_hangs_a_day_later_is_reattached(self) -> None:
        life = hanging()
        life.approved_account("2023-05-15 09:00", number="0071000999999")
        life.issue("2023-05-20 09:00")
        life.attach("2023-05-21 09:00", code=2)
        assert lines_on(life, "2023-05-21") == ["~"]

    def test_a_removal_before_the_new_version_keeps_its_own_reason(self) -> None:
        life = hanging()
        life.remove("2023-05-20 08:00", reason="bank_change")
        life.revoke("2023-05-20 09:00")
        assert lines_on(life, "2023-05-20") == ["-bank_change"]

    def test_a_revoked_code_no_longer_hangs(self) -> None:
        life = hanging()
        life.revoke("2023-05-20 09:00")
        assert life.vendor.standing == (True, False, False)
        assert lines_on(life, "2023-05-20") == ["-revoked"]

    def test_suspended_is_still_on_the_roster_and_attached(self) -> None:
        life = hanging()
        life.status("2023-05-20 09:00", "suspended")
        assert life.vendor.standing == (True, True, True)
        assert lines_on(life, "2023-05-20") == []


class TestLeft:
    def test_leaving_while_attached_is_the_line_left(self) -> None:
        life = hanging()
        life.status("2023-05-20 09:00", "left")
        assert lines_on(life, "2023-05-20") == ["x"]

    def test_left_wins_over_removed(self) -> None:
        life = hanging()
        life.remove("2023-05-20 09:00", reason="closed")
        life.status("2023-05-20 10:00", "left")
        assert lines_on(life, "2023-05-20") == ["x"]

    def test_leaving_without_a_sticker_is_no_line(self) -> None:
        life = Life().issued_on("2023-05-02 09:00")
        life.status("2023-05-20 09:00", "left")
        assert lines_on(life, "2023-05-20") == []

    def test_left_and_back_the_same_day_is_no_line(self) -> None:
        life = hanging()
        life.status("2023-05-20 09:00", "left")
        life.status("2023-05-20 10:00", "trading")
        assert lines_on(life, "2023-05-20") == []

    def test_back_on_another_day_with_the_sticker_still_there_is_reattached(self) -> None:
        life = hanging()
        life.status("2023-05-20 09:00", "left")
        life.status("2023-05-22 09:00", "trading")
        assert lines_on(life, "2023-05-22") == ["~"]

    def test_a_sticker_that_only_hung_while_the_vendor_had_left_was_never_attached(self) -> None:
        """Attached is said of vendors on the roster: the line on the day of return is the first."""
        life = Life().issued_on("2023-05-02 09:00")
        life.attach("2023-05-12 09:00")
        life.status("2023-05-10 09:00", "left")
        life.status("2023-05-15 09:00", "trading")
        assert lines_on(life, "2023-05-12") == []
        assert lines_on(life, "2023-05-15") == ["+"]


class TestTheDayOfAMarket:
    def fall(self, *lives: Life, day: str) -> dict[str, object]:
        market = market_of("cho-vung-tau", (OPENED, CensusDeclared(OPENED.at, 0, "key", 5, "")))
        assert market is not None
        lines: Counter[tuple[int, str]] = Counter()
        past = {}
        for number, life in enumerate(lives):
            lines.update(day_lines(life.history))
            past[number] = rows.steps(closings(life.history.states()))
        roster = roster_of({n: views_of(life.history) for n, life in enumerate(lives)})
        on = day_number(date.fromisoformat(day))
        grounds = Grounds(market, Falls(lines), roster, past)
        fall: dict[str, object] = content(grounds, on, start_of(on + 1))["waterfall"]
        return fall

    def test_every_vendor_is_on_one_line_and_the_sum_closes(self) -> None:
        gone, removed, fraud, back, new = hanging(), hanging(), hanging(), hanging(), Life()
        gone.status("2023-05-20 09:00", "left")
        removed.remove("2023-05-20 09:00", reason="tax_worry")
        fraud.remove("2023-05-20 09:00", reason="fraud")
        back.remove("2023-05-15 09:00", reason="other")
        back.attach("2023-05-20 09:00")
        new.issued_on("2023-05-20 09:00").attach("2023-05-20 10:00")
        assert self.fall(gone, removed, fraud, back, new, hanging(), day="2023-05-20") == {
            "opening": 4,
            "attached": 1,
            "reattached": 1,
            "removed": {"fraud": 1, "tax_worry": 1},
            "left": 1,
            "closing": 3,
            "denominator": {"opening": 6, "change": -1, "closing": 5},
        }

    def test_a_day_without_news_has_no_lines(self) -> None:
        fall = self.fall(hanging(), day="2023-05-20")
        assert fall["opening"] == fall["closing"] == 1
        assert (fall["attached"], fall["reattached"], fall["left"]) == (0, 0, 0)
        assert fall["removed"] == {}

    def test_the_end_of_a_day_is_the_start_of_the_next(self) -> None:
        life = hanging()
        day = day_number(date(2023, 5, 10))
        assert life.history.replay(before=start_of(day)).standing.attached is False
        assert life.history.replay(before=start_of(day + 1)).standing.attached is True
