"""The payment payload of VietQR: written, read strictly, explained.

    text      Vietnamese names, folded for payloads and for comparing
    tlv       tag-length-value, checksum
    banks     banks by BIN
    compose   payloads that every rule allows
    reading, rules, problems, parse   payloads of others, judged
    lines     the same for JSON lines

Facts from NAPAS VietQR v1.0 (09/2021) and EMVCo QRCPS Merchant-Presented Mode v1.0 (07/2017).
Nothing here knows the store, the web or the queue.
"""

from tracker.vietqr.compose import LocalName, compose
from tracker.vietqr.parse import Parsed, parse
from tracker.vietqr.problems import Problem

__all__ = ["LocalName", "Parsed", "Problem", "compose", "parse"]
