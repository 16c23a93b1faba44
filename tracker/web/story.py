"""What happened to a vendor, told in sentences: each fact one, with its day and who stated it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.domain.decide_void import NOT_VOIDABLE
from tracker.services.events import FactOut
from tracker.services.plain_facts import by_kind, name_of_kind
from tracker.web import texts
from tracker.web.texts import Language, say
from tracker.web.values import day
from tracker.web.words import bank_name, ended_for

STANDS_FOR_EVER: Final = frozenset(name_of_kind(k) for kinds, _ in NOT_VOIDABLE for k in kinds)
"""Kinds that nobody takes back."""


class Told(Struct, frozen=True):
    """A fact as people read it. `voided` says why it was taken back, by whom and when.

    `number` is its ordinal; `late` the moment of recording, where that was another day.
    """

    number: int
    kind: str
    text: str
    occurred_at: str
    late: str | None
    who: str
    voided: str | None

    @property
    def can_go(self) -> bool:
        """Whether it is of a kind that is taken back, and was not."""
        return self.voided is None and self.kind not in STANDS_FOR_EVER


class Story:
    """The facts of one vendor, as one reader is told them."""

    def __init__(
        self,
        language: Language,
        reader: Principal,
        facts: Sequence[FactOut],
        names: Mapping[str, str],
    ) -> None:
        self._language = language
        self._reader = reader
        self._names = names
        self._by_id = {fact.id: fact for fact in facts}
        self._banks = {
            fact.values["code"]: str(fact.values["bin"])
            for fact in facts
            if fact.kind == "code_issued"
        }
        self._stalls = _stalls(facts)

    def told(self) -> list[Told]:
        """Everything, what happened last first."""
        some = sorted(self._by_id.values(), key=_moment, reverse=True)
        return [self.one(fact.id) for fact in some]

    def one(self, id_: str) -> Told:
        """One fact; raises `KeyError`."""
        fact = self._by_id[id_]
        voided = None
        if fact.voided_by is not None:
            by = self._by_id.get(fact.voided_by)
            voided = self._say("story.voided_by_others")
            if by is not None:
                voided = self._say(
                    "story.voided",
                    reason=by.values["reason"],
                    day=day(self._language, by.recorded_at),
                    who=self.who(by.by),
                )
        late = fact.recorded_at if fact.recorded_at[:10] != fact.occurred_at[:10] else None
        return Told(
            int(fact.id.rpartition(".e")[2]),
            fact.kind,
            self.sentence(fact),
            fact.occurred_at,
            late,
            self.who(fact.by),
            voided,
        )

    def who(self, by: str | None) -> str:
        """Who stated something: a name where the reader may know it, else what kind of caller."""
        if by is None:
            return self._say("who.others")
        if by == self._reader.id:
            return self._say("who.you")
        if by in self._names:
            return self._names[by]
        kind = by_kind(by)
        if kind == "import_row":
            return self._say("who.import_row", row=by.rpartition(".")[2])
        return self._say(f"who.{kind}")

    def sentence(self, fact: FactOut) -> str:
        """What the fact says, without day and who."""
        said: dict[str, Any] = {name: value or "" for name, value in fact.values.items()}
        key = f"fact.{fact.kind}"
        match fact.kind:
            case "attached":
                said["stall"] = self._stalls.get(fact.id, "")
            case "account_linked":
                key += f"_{said['owner']}"
            case "profile_changed":
                said["what"] = self._changed(fact)
            case "status_changed" | "status_asked":
                said["status"] = self._say(f"status.{said['status']}")
                if said["reason"]:
                    key += "_why"
                    said["reason"] = ended_for(self._language, said["reason"])
            case "removed" | "code_revoked":
                said["reason"] = ended_for(self._language, said["reason"])
            case "scanned":
                said["verdict"] = self._say(f"verdict.{said['verdict']}")
            case "incident_handled":
                said["state"] = self._say(f"incident.{said['state']}")
            case "finding_opened" | "finding_ended":
                said["doubt"] = self._say(f"doubt.{said['kind']}")
            case "doubt_decided":
                said["doubt"] = self._say(f"doubt.{said['kind']}")
                said["decision"] = self._say(f"doubt_state.{said['decision']}")
            case "approval_decided":
                said["outcome"] = self._say(f"approval_state.{said['outcome']}")
            case "voided" | "void_asked":
                other = self._by_id.get(str(said.get("event") or said.get("standing")))
                said["fact"] = self._say("story.hidden") if other is None else self.sentence(other)
        said["bank"] = bank_name(str(said.get("bin") or self._banks.get(said.get("code"), "")))
        return self._say(key, **said) if texts.known(key) else fact.kind

    def _changed(self, fact: FactOut) -> str:
        parts = [
            self._say(f"story.{name}", value=fact.values[name])
            for name in ("zone", "category")
            if fact.values[name]
        ]
        return ", ".join(parts) or self._say("story.person")

    def _say(self, key: str, **values: object) -> str:
        return say(self._language, key, **values)


def _stalls(facts: Sequence[FactOut]) -> dict[str, str]:
    """At which stall the vendor traded when each fact happened."""
    stall, found = "", {}
    for fact in sorted(facts, key=_moment):
        if fact.kind in {"registered", "moved"} and fact.voided_by is None:
            stall = str(fact.values["stall"])
        found[fact.id] = stall
    return found


def _moment(fact: FactOut) -> tuple[datetime, int]:
    return datetime.fromisoformat(fact.occurred_at), int(fact.id.rpartition(".e")[2])
