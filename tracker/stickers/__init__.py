"""Codes, stickers and sheets to print, each proved before it is returned.

    make        code_image, sticker: one file as PNG, SVG or PDF
    sheet       many stickers on A4, with crop marks
    proof       reads back what was drawn; ProofFailed
    checkmark   the short mark beside the symbol
    design, text, fonts    what stands where, fitted and measured
    image, symbol          the QR symbol
    pdf, svg               the formats

Pure: no store, no clock, no randomness; the same arguments give the same bytes.
"""
