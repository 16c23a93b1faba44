"""The ledger's bytes. Kinds and positions are for ever: a pin that breaks is a broken ledger.

To add a field: at the end, with a default, and with a new pin beside the old one. To change a
pin: never; facts of its form are in the ledgers of those who run the service.
"""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import ValidationError, msgpack
from msgspec.structs import fields

from tests.unit.domain.worlds import examples, lives, markets
from tracker.domain import facts
from tracker.domain.facts import (
    AccountAsked,
    AccountLinked,
    AccountUnlinked,
    ActivityReported,
    AnyFact,
    ApprovalDecided,
    AreaAdded,
    AreasAssigned,
    AreasSeeded,
    Attached,
    CensusAsked,
    CensusDeclared,
    CodeIssued,
    CodePrinted,
    CodeRevoked,
    DoubtDecided,
    Fact,
    FindingEnded,
    FindingOpened,
    FirstPaid,
    GroupDefined,
    IncidentHandled,
    IncidentOpened,
    IndicatorDefined,
    IndicatorReported,
    InvoiceComposed,
    KeyCreated,
    KeyRevoked,
    KeyRotated,
    MarketClosed,
    MarketFact,
    MarketFounded,
    MarketOpened,
    MarketRenamed,
    Moved,
    PasswordSet,
    PersonAdded,
    PersonalDataErased,
    PersonalDataRead,
    PersonChanged,
    PersonInvited,
    ProfileChanged,
    Published,
    Registered,
    Removed,
    Scanned,
    ServiceFact,
    StatusAsked,
    StatusChanged,
    TargetSet,
    VendorFact,
    VoidAsked,
    Voided,
    ZoneAdded,
    decode_fact,
    decode_market,
    decode_service,
    decode_vendor,
    encode,
)
from tracker.domain.vendor import History

WHEN = (1_685_500_000_000, 1_685_500_000_123, "k1")

PINS: list[tuple[AnyFact, str]] = [
    (
        Registered(*WHEN, "B12", b"\x01\x02", "A", "fish", "970436", "r-1"),
        "9a01cf000001886fa0f700cf000001886fa0f77ba26b31a3423132c4020102a141a466697368a6393730343336a3722d31",
    ),
    (
        ProfileChanged(*WHEN, "B", None, b"\x03"),
        "9702cf000001886fa0f700cf000001886fa0f77ba26b31a142c0c40103",
    ),
    (Moved(*WHEN, "C7"), "9503cf000001886fa0f700cf000001886fa0f77ba26b31a24337"),
    (
        StatusChanged(*WHEN, "suspended", "holiday"),
        "9604cf000001886fa0f700cf000001886fa0f77ba26b31a973757370656e646564a7686f6c69646179",
    ),
    (
        AccountLinked(*WHEN, "970436", "family", b"\x04"),
        "9805cf000001886fa0f700cf000001886fa0f77ba26b31a6393730343336a666616d696c79c40104c0",
    ),
    (
        AccountUnlinked(*WHEN, "970436"),
        "9506cf000001886fa0f700cf000001886fa0f77ba26b31a6393730343336",
    ),
    (
        CodeIssued(*WHEN, 2, "970436", 3, 1, b"\x05", "r-2"),
        "9a07cf000001886fa0f700cf000001886fa0f77ba26b3102a63937303433360301c40105a3722d32",
    ),
    (CodeRevoked(*WHEN, 2, "lost"), "9608cf000001886fa0f700cf000001886fa0f77ba26b3102a46c6f7374"),
    (
        Attached(*WHEN, 2, "photo", "r-3", "s-1"),
        "9809cf000001886fa0f700cf000001886fa0f77ba26b3102a570686f746fa3722d33a3732d31",
    ),
    (
        Removed(*WHEN, 2, "tax_worry", "r-4"),
        "970acf000001886fa0f700cf000001886fa0f77ba26b3102a97461785f776f727279a3722d34",
    ),
    (
        Voided(*WHEN, 3, "wrong stall"),
        "960bcf000001886fa0f700cf000001886fa0f77ba26b3103ab77726f6e67207374616c6c",
    ),
    (
        CodePrinted(*WHEN, 1, 2, "p1"),
        "970ccf000001886fa0f700cf000001886fa0f77ba26b310102a27031",
    ),
    (
        Scanned(*WHEN, "matched", 1, None),
        "970dcf000001886fa0f700cf000001886fa0f77ba26b31a76d61746368656401c0",
    ),
    (
        IncidentOpened(*WHEN, "970436", b"\x05"),
        "960ecf000001886fa0f700cf000001886fa0f77ba26b31a6393730343336c40105",
    ),
    (
        IncidentHandled(*WHEN, 9, "dismissed", "own second account"),
        "970fcf000001886fa0f700cf000001886fa0f77ba26b3109a96469736d6973736564b26f776e207365636f6e64206163636f756e74",
    ),
    (InvoiceComposed(*WHEN, 1), "9510cf000001886fa0f700cf000001886fa0f77ba26b3101"),
    (
        MarketOpened(*WHEN, "Chợ Vũng Tàu", "CVT", "26506", 20_270, ("A", "B")),
        "9914cf000001886fa0f700cf000001886fa0f77ba26b31b04368e1bba32056c5a96e672054c3a075a3435654a53236353036cd4f2e92a141a142",
    ),
    (ZoneAdded(*WHEN, "C"), "9515cf000001886fa0f700cf000001886fa0f77ba26b31a143"),
    (
        CensusDeclared(*WHEN, 542, "ubnd"),
        "9616cf000001886fa0f700cf000001886fa0f77ba26b31cd021ea475626e64",
    ),
    (
        Published(*WHEN, 19_508, 1, 912, 7, b"\x06", b"\x07", b"\x08"),
        "9b17cf000001886fa0f700cf000001886fa0f77ba26b31cd4c3401cd039007c40106c40107c40108",
    ),
    (
        MarketRenamed(*WHEN, "Chợ phường 7"),
        "9518cf000001886fa0f700cf000001886fa0f77ba26b31b14368e1bba3207068c6b0e1bb9d6e672037",
    ),
    (
        AreasAssigned(*WHEN, (("26506", 14_000, 19_000, 20_270), ("26506", 20_270, 20_270, None))),
        "9519cf000001886fa0f700cf000001886fa0f77ba26b319294a53236353036cd36b0cd4a38cd4f2e94a53236353036cd4f2ecd4f2ec0",
    ),
    (
        TargetSet(*WHEN, "attached", 20_453, 500),
        "971acf000001886fa0f700cf000001886fa0f77ba26b31a86174746163686564cd4fe5cd01f4",
    ),
    (
        MarketClosed(*WHEN, "cho-moi", "xây mới"),
        "961bcf000001886fa0f700cf000001886fa0f77ba26b31a763686f2d6d6f69aa78c3a279206de1bb9b69",
    ),
    (
        ActivityReported(*WHEN, 19_508, "970436", 812, 112_300_000, 41, b"\x09", b"\x0a"),
        "9b1ccf000001886fa0f700cf000001886fa0f77ba26b31cd4c34a6393730343336cd032cce06b18fe029c40109c4010a",
    ),
    (
        FirstPaid(*WHEN, 19_508, b"\x40"),
        "961dcf000001886fa0f700cf000001886fa0f77ba26b31cd4c34c40140",
    ),
    (
        FindingOpened(*WHEN, "duplicate_account", "CVT-0042-A"),
        "9611cf000001886fa0f700cf000001886fa0f77ba26b31b16475706c69636174655f6163636f756e74aa4356542d303034322d41",
    ),
    (
        DoubtDecided(*WHEN, "family_account", "970436", "3", "accepted", "ok"),
        "993ccf000001886fa0f700cf000001886fa0f77ba26b31ae66616d696c795f6163636f756e74a6393730343336a133a86163636570746564a26f6b",
    ),
    (
        FindingEnded(*WHEN, "partner_ref_reused", "CVT-0042-A"),
        "9612cf000001886fa0f700cf000001886fa0f77ba26b31b2706172746e65725f7265665f726575736564aa4356542d303034322d41",
    ),
    (
        AccountAsked(*WHEN, "970436", 1, 2, b"\x0b", "k2", ("970436",)),
        "9a20cf000001886fa0f700cf000001886fa0f77ba26b31a63937303433360102c4010ba26b3291a6393730343336",
    ),
    (
        StatusAsked(*WHEN, "trading", "xong", 1_683_000_000_000, 5, "k2"),
        "9a21cf000001886fa0f700cf000001886fa0f77ba26b31a774726164696e67a4786f6e67cf00000187da9dfe0005a26b3290",
    ),
    (
        VoidAsked(*WHEN, 4, "nhầm", "k2", ("970436",)),
        "9822cf000001886fa0f700cf000001886fa0f77ba26b3104a66e68e1baa76da26b3291a6393730343336",
    ),
    (
        ApprovalDecided(*WHEN, 6, "approved", "đã gọi"),
        "9723cf000001886fa0f700cf000001886fa0f77ba26b3106a8617070726f766564aac491c3a32067e1bb8d69",
    ),
    (
        CensusAsked(*WHEN, 19_508, 500, "sổ", 3, "k2"),
        "9a24cf000001886fa0f700cf000001886fa0f77ba26b31cd4c34cd01f4a473e1bb9503a26b3290",
    ),
    (PersonalDataRead(*WHEN), "9413cf000001886fa0f700cf000001886fa0f77ba26b31"),
    (PersonalDataErased(*WHEN), "941fcf000001886fa0f700cf000001886fa0f77ba26b31"),
    (
        GroupDefined(*WHEN, "pilot", "Chợ thí điểm", ("m1", "m2")),
        "972dcf000001886fa0f700cf000001886fa0f77ba26b31a570696c6f74b24368e1bba3207468c3ad20c49169e1bb836d92a26d31a26d32",
    ),
    (
        IndicatorDefined(
            *WHEN,
            "digital-signatures",
            "1",
            "Chữ ký số",
            "Digital signatures",
            "n",
            "d",
            "percent",
            "P1Y",
            ("area",),
        ),
        "9d2ecf000001886fa0f700cf000001886fa0f77ba26b31b26469676974616c2d7369676e617475726573a131ae4368e1bbaf206bc3bd2073e1bb91b24469676974616c207369676e617475726573a16ea164a770657263656e74a350315991a461726561",
    ),
    (
        IndicatorReported(
            *WHEN,
            "digital-signatures",
            "1",
            "79",
            20_270,
            20_453,
            2,
            "STTTT",
            81_691,
            277_975,
            None,
            "eq",
        ),
        "9f2fcf000001886fa0f700cf000001886fa0f77ba26b31b26469676974616c2d7369676e617475726573a131a23739cd4f2ecd4fe502a55354545454ce00013f1bce00043dd7c0a26571",
    ),
    (
        MarketFounded(*WHEN, "cho-vung-tau", "CVT"),
        "9628cf000001886fa0f700cf000001886fa0f77ba26b31ac63686f2d76756e672d746175a3435654",
    ),
    (
        KeyCreated(*WHEN, "k2", "VCB", "bank", ("970436",), ("m1",), None, b"\x08"),
        "9b29cf000001886fa0f700cf000001886fa0f77ba26b31a26b32a3564342a462616e6b91a639373034333691a26d31c0c40108",
    ),
    (KeyRevoked(*WHEN, "k2"), "952acf000001886fa0f700cf000001886fa0f77ba26b31a26b32"),
    (
        AreaAdded(*WHEN, "26506", "Vũng Tàu", "79", 20_270, None),
        "992bcf000001886fa0f700cf000001886fa0f77ba26b31a53236353036aa56c5a96e672054c3a075a23739cd4f2ec0",
    ),
    (
        AreasSeeded(*WHEN, "gso", (("79", "TP. HCM", None, 0, None),)),
        "962ccf000001886fa0f700cf000001886fa0f77ba26b31a367736f9195a23739a754502e2048434dc000c0",
    ),
    (
        KeyRotated(*WHEN, "k2", b"\x09", 1_685_600_000_000, None),
        "9830cf000001886fa0f700cf000001886fa0f77ba26b31a26b32c40109cf000001887596d800c0",
    ),
    (
        PersonAdded(*WHEN, "p2", "manager", (), ("m1",), b"\x0a"),
        "9931cf000001886fa0f700cf000001886fa0f77ba26b31a27032a76d616e616765729091a26d31c4010a",
    ),
    (
        PersonChanged(*WHEN, "p2", "bank", ("970436",), (), False, b"\x0b"),
        "9a32cf000001886fa0f700cf000001886fa0f77ba26b31a27032a462616e6b91a639373034333690c2c4010b",
    ),
    (
        PersonInvited(*WHEN, "p2", 1_685_600_000_000),
        "9633cf000001886fa0f700cf000001886fa0f77ba26b31a27032cf000001887596d800",
    ),
    (
        PasswordSet(*WHEN, "p2", "invitation"),
        "9634cf000001886fa0f700cf000001886fa0f77ba26b31a27032aa696e7669746174696f6e",
    ),
]
EXAMPLES = [fact for fact, _ in PINS]
TAGS = {
    Registered: 1,
    ProfileChanged: 2,
    Moved: 3,
    StatusChanged: 4,
    AccountLinked: 5,
    AccountUnlinked: 6,
    CodeIssued: 7,
    CodeRevoked: 8,
    Attached: 9,
    CodePrinted: 12,
    Scanned: 13,
    IncidentOpened: 14,
    IncidentHandled: 15,
    InvoiceComposed: 16,
    Removed: 10,
    Voided: 11,
    MarketOpened: 20,
    ZoneAdded: 21,
    CensusDeclared: 22,
    Published: 23,
    MarketFounded: 40,
    KeyCreated: 41,
    KeyRevoked: 42,
    AreaAdded: 43,
    AreasSeeded: 44,
    MarketRenamed: 24,
    AreasAssigned: 25,
    TargetSet: 26,
    MarketClosed: 27,
    ActivityReported: 28,
    FirstPaid: 29,
    AccountAsked: 32,
    StatusAsked: 33,
    VoidAsked: 34,
    ApprovalDecided: 35,
    CensusAsked: 36,
    FindingOpened: 17,
    FindingEnded: 18,
    DoubtDecided: 60,
    PersonalDataRead: 19,
    PersonalDataErased: 31,
    GroupDefined: 45,
    IndicatorDefined: 46,
    IndicatorReported: 47,
    KeyRotated: 48,
    PersonAdded: 49,
    PersonChanged: 50,
    PersonInvited: 51,
    PasswordSet: 52,
}
NAMES = [type(fact).__name__ for fact in EXAMPLES]


@pytest.mark.parametrize(("fact", "pin"), PINS, ids=NAMES)
def test_a_fact_is_written_as_it_always_was(fact: AnyFact, pin: str) -> None:
    assert encode(fact).hex() == pin


@pytest.mark.parametrize(("fact", "pin"), PINS, ids=NAMES)
def test_a_fact_of_old_is_still_read(fact: AnyFact, pin: str) -> None:
    assert decode_fact(bytes.fromhex(pin)) == fact


def test_a_publication_from_before_details_is_still_read() -> None:
    pin = "9a17cf000001886fa0f700cf000001886fa0f77ba26b31cd4c3401cd039007c40106c40107"
    fact = Published(*WHEN, 19_508, 1, 912, 7, b"\x06", b"\x07")
    assert decode_fact(bytes.fromhex(pin)) == fact


def test_a_closure_from_before_reasons_is_still_read() -> None:
    pin = "951bcf000001886fa0f700cf000001886fa0f77ba26b31a763686f2d6d6f69"
    assert decode_fact(bytes.fromhex(pin)) == MarketClosed(*WHEN, "cho-moi")


@pytest.mark.parametrize("fact", EXAMPLES, ids=NAMES)
def test_a_fact_begins_with_its_number_when_it_happened_when_we_learned_it_and_from_whom(
    fact: AnyFact,
) -> None:
    assert msgpack.decode(encode(fact))[:4] == [TAGS[type(fact)], *WHEN]


@pytest.mark.parametrize("fact", EXAMPLES, ids=NAMES)
def test_a_fact_written_before_its_last_fields_were_added_is_read_with_their_defaults(
    fact: AnyFact,
) -> None:
    row = msgpack.decode(encode(fact))
    optional = [field for field in fields(fact) if not field.required]
    old = decode_fact(msgpack.encode(row[: len(row) - len(optional)]))
    assert type(old) is type(fact)
    assert [getattr(old, field.name) for field in optional] == [f.default for f in optional]


@pytest.mark.parametrize("fact", EXAMPLES, ids=NAMES)
def test_a_fact_with_fields_of_a_later_release_is_read_without_them(fact: AnyFact) -> None:
    row = msgpack.decode(encode(fact))
    assert decode_fact(msgpack.encode([*row, "later"])) == fact


def test_every_kind_is_pinned_and_numbered_once() -> None:
    kinds = {
        kind
        for kind in vars(facts).values()
        if isinstance(kind, type) and issubclass(kind, Fact) and kind is not Fact
    }
    assert kinds == set(get_args(AnyFact)) == set(TAGS) == {type(fact) for fact in EXAMPLES}
    assert len(set(TAGS.values())) == len(TAGS)


def test_each_ledger_reads_its_own_kinds_and_no_others() -> None:
    readers = (
        (decode_vendor, VendorFact),
        (decode_market, MarketFact),
        (decode_service, ServiceFact),
    )
    for decode, kinds in readers:
        own = tuple(fact for fact in EXAMPLES if isinstance(fact, get_args(kinds)))
        assert decode(encode(own)) == own
        for fact in EXAMPLES:
            if fact not in own:
                with pytest.raises(ValidationError):
                    decode(encode((fact,)))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValidationError):
        decode_fact(msgpack.encode([99, *WHEN]))


def test_a_reason_outside_the_closed_list_is_refused() -> None:
    with pytest.raises(ValidationError):
        decode_fact(msgpack.encode([10, *WHEN, 1, "lazy", None]))


@examples(60)
@given(lives(), markets())
def test_any_history_is_read_as_it_was_written(
    history: History, market: tuple[MarketFact, ...]
) -> None:
    assert decode_vendor(encode(history.facts)) == history.facts
    assert decode_market(encode(market)) == market
    assert [decode_fact(encode(fact)) for fact in history.facts] == list(history.facts)


@examples(60)
@given(
    st.integers(-(2**62), 2**62),
    st.integers(0, 2**62),
    st.text(max_size=20),
    st.binary(max_size=40),
    st.none() | st.text(max_size=20),
)
def test_any_content_is_read_as_it_was_written(
    at: int, recorded: int, text: str, blob: bytes, maybe: str | None
) -> None:
    written: list[AnyFact] = [
        Registered(at, recorded, text, text, blob, maybe, maybe, text, maybe),
        ProfileChanged(at, recorded, text, maybe, maybe, blob),
        CodeIssued(at, recorded, text, 1, text, 1, 1, blob, maybe),
        Attached(at, recorded, text, 1, text, maybe, maybe),
        MarketOpened(at, recorded, text, text, text, maybe, None, (text, text)),
        AreasSeeded(at, recorded, text, text, ((text, text, maybe, 1, None),)),
    ]
    for fact in written:
        assert decode_fact(encode(fact)) == fact
