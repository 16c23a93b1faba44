"""The names of all keys. Nobody outside this package knows one.

Everything of a market carries the hash tag `{m:<market>}`, so that one commit is one step on one
slot; what belongs to the whole service carries `{sys}`, the feed `{feed}`, jobs `{jobs}`.
"""

from __future__ import annotations

SERVICE = "sys"
"""The space of the service's own ledger: keys, areas, market ids."""


class Space:
    """The keys of one market, or of the service itself (`SERVICE`)."""

    def __init__(self, name: str) -> None:
        tag = "{sys}" if name == SERVICE else f"{{m:{name}}}"
        self.name = name
        self.ledger = f"{tag}:ledger"  # stream, ids 0-1, 0-2, …: position n is entry 0-n
        self.docs = f"{tag}:docs"  # hash: subject → its facts, one msgpack array32
        self.names = f"{tag}:names"  # hash: unique name → who holds it
        self.deltas = f"{tag}:deltas"  # hash: "<day>:<line>" → change of the market's sum
        self.rows = f"{tag}:rows"  # string: 8 bytes a vendor, its number tells where
        self.sets = f"{tag}:sets"  # set: names of the sets that have any vendor
        self.gone = f"{tag}:groups"  # a view of earlier forms, which nothing reads any more
        self.data_keys = f"{tag}:datakeys"  # hash: vendor number → wrapped data key
        self.erasing = f"{tag}:erasing"  # hash: vendor number → what an erasure has still to clear
        self.marks = f"{tag}:marks"  # hash: since which day figures may be outdated
        self.bodies = f"{tag}:bodies"  # hash: "<day>.<revision>" → published body, packed
        self.published = f"{tag}:published"  # hash: "<day>" → latest revision; "head" → the chain
        self.seals = f"{tag}:seals"  # hash: number → [first, last, digest]; "last" → the newest
        self.numbers = f"{tag}:numbers"  # counter: vendor numbers given out
        self.unindexed = f"{tag}:unindexed"  # hash: vendors that the account index lacks
        self.answers = f"{tag}:answer:"  # prefix: stored answers, 7 days
        self.paid = f"{tag}:paid"  # hash: "<day>" → who was paid, by bank; "<day>u"; "first"
        self.asked = f"{tag}:asked"  # hash: "<subject>.<ordinal>" of each approval → when (ms)
        self.reports = f"{tag}:reports"  # hash: "<day>.<bin>" → the latest report; "version"

    def set(self, name: str) -> str:
        """A set of vendors (string: a bitmap); `look.lua` and `sets.lua` know the name too."""
        return f"{self.sets}:{name}"


FEED = "{feed}:entries"
FEED_LAST = "{feed}:last"

JOBS_OPEN = "{jobs}:open"
JOBS_FAILED = "{jobs}:failed"  # sorted set: job → when it was made (ms), of those that failed
NEWS = "{sys}:news"  # sorted set: market → the number under which it was named last
TICK_LOCK = "{sys}:tick"
CLOSED_UNTIL = "{sys}:closed-until"
BEATS = "{sys}:beats"  # hash: what nobody calls → when it last showed that it lives
EXAMINED = "{sys}:examined"  # hash: market → ledger position that findings are known up to
SECRETS = "{sys}:secrets"
SCHEMA_VERSION = "{sys}:schema"  # the form of the views, or that a restore is at work
ERASED = "{sys}:erased"  # hash: vendor code → when its personal data were erased (ms)
LOG_REWRITE = "{sys}:log-rewrite"  # hash: the rewrite of the log that erasures wait for
USED = "{sys}:used"  # hash: principal → the minute (ms) in which it last asked
LOGINS = "{sys}:logins"  # hash: keyed hash of a login → whose it is; empty: nobody's any more
PASSWORDS = "{sys}:passwords"  # hash: person → argon2id in its own notation
INVITATIONS = "{sys}:invitations"  # hash: person → expiry and digest of the one-time link


def window(subject: str) -> str:
    """When a subject of the service (`key:…`) made its latest requests (list of µs)."""
    return f"{{sys}}:window:{subject}"


def accounts(lookup: str) -> str:
    """The part of the account index that a look-up belongs to (256 parts, each with its slot)."""
    return f"{{accounts:{lookup[:2]}}}"


def job(id_: str) -> str:
    """The record of a job (hash)."""
    return f"{{jobs}}:{id_}"


def job_rows(id_: str) -> str:
    """The results of a job's rows (hash: chunk number → rows)."""
    return f"{{jobs}}:{id_}:rows"


def job_file(id_: str) -> str:
    """The file that a job was given, or made (hash: chunk number → sealed bytes)."""
    return f"{{jobs}}:{id_}:file"


def job_key(key: str) -> str:
    """What an idempotency key of a job stands for."""
    return f"{{jobs}}:key:{key}"


def sessions(person: str) -> str:
    """A person's sessions (hash: digest of the session's secret → the session)."""
    return f"{{sys}}:sessions:{person}"


def sessions_seen(person: str) -> str:
    """When a person's sessions were last used (hash: digest → the minute in ms)."""
    return f"{{sys}}:seen:{person}"


def tries(bucket: str) -> str:
    """How often a sign-in was tried in vain (hash), by a keyed hash of who and from where."""
    return f"{{sys}}:tries:{bucket}"
