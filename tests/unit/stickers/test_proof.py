"""What must be withheld is withheld, at each look."""

from __future__ import annotations

import io
import random

import pytest
from msgspec.structs import replace
from PIL import Image, ImageDraw, ImageFilter

from tests.unit.stickers.samples import sample
from tracker.domain.errors import TrackerError
from tracker.stickers import image, make, proof
from tracker.stickers.design import WIDTH, design
from tracker.stickers.pdf import Pdf, painted
from tracker.stickers.proof import Placed, ProofFailed
from tracker.stickers.sheet import Layout, Pages, sheet
from tracker.vietqr import LocalName, compose

# In this version no alignment pattern lies in the middle: what is covered there is data.
PAYLOAD = "the quick brown fox jumps over the lazy dog"
VIETNAMESE = compose("970418", "770940282845", local=LocalName("vi", "Cô Bảy Đặng ỹ Ữ ₫"))


def picture(payload: str, px: int = 4) -> tuple[Image.Image, int]:
    modules = len(image.matrix(payload, 3)) + 2 * image.QUIET_ZONE
    with Image.open(io.BytesIO(image.png(payload, module_px=px, mask=3))) as opened:
        return opened.convert("L"), modules


def reading(damaged: Image.Image, modules: int, payload: str = PAYLOAD) -> str:
    try:
        proof.prove_symbol(damaged, modules, payload, "CVT-0042-A.c1")
    except ProofFailed as failed:
        return failed.reading
    return "passed"


@pytest.mark.parametrize("payload", [PAYLOAD, VIETNAMESE, sample().payload, "Đ" * 120])
@pytest.mark.parametrize("px", [3, 4, 5, 8, 17])
def test_a_good_symbol_passes_at_every_size(payload: str, px: int) -> None:
    good, modules = picture(payload, px)
    assert reading(good, modules, payload) == "passed"


def test_a_byte_of_difference() -> None:
    good, modules = picture(PAYLOAD)
    assert reading(good, modules, PAYLOAD + " ") == "clean"
    accented, modules = picture(VIETNAMESE)
    assert reading(accented, modules, VIETNAMESE.replace("ỹ", "y")) == "clean"


def test_a_lost_corner_fails_the_clean_reading() -> None:
    torn, modules = picture(PAYLOAD)
    ImageDraw.Draw(torn).rectangle((0, 0, 50, 50), fill=255)
    assert reading(torn, modules) == "clean"


def test_soft_edges_fail_the_blurred_reading() -> None:
    good, modules = picture(PAYLOAD)
    soft = good.filter(ImageFilter.GaussianBlur(0.4 * 4))
    assert reading(soft, modules) == "blurred"


def test_a_symbol_near_its_limit_fails_the_covered_reading() -> None:
    worn, modules = picture(PAYLOAD)
    middle = range(13, modules - 13)
    cells = [
        (x, y)
        for x in middle
        for y in middle
        if abs(x - modules // 2) > 4 or abs(y - modules // 2) > 4
    ]
    random.Random(1).shuffle(cells)
    for x, y in cells:
        ImageDraw.Draw(worn).rectangle(
            (4 * x, 4 * y, 4 * x + 3, 4 * y + 3),
            fill=255 - int(worn.getpixel((4 * x, 4 * y))),  # type: ignore[arg-type]
        )
        if (found := reading(worn, modules)) != "passed":
            break
    assert found == "covered"


def drawn_pdf(extra: str = "", *, swapped: bool = False) -> tuple[bytes, list[Placed]]:
    """Two stickers side by side on one page, and what must be found there."""
    data = [sample(1), sample(2)]
    symbols = [each.payload for each in data]
    if swapped:
        symbols.reverse()
    file = Pdf()
    numbers = [file.image(image.png(payload, module_px=4, mask=3)) for payload in symbols]
    content = [
        painted(design(each), x_mm=WIDTH * i, top_mm=150, scale=1, symbol=f"S{i}")
        for i, each in enumerate(data)
    ]
    file.page(2 * WIDTH, 150, "\n".join([*content, extra]), numbers)
    placed = [make.placed(each, 3, x=WIDTH * i, y=0, width=WIDTH) for i, each in enumerate(data)]
    return file.finish(), placed


def refused(data: bytes, placed: list[Placed]) -> tuple[str, str]:
    with pytest.raises(ProofFailed) as caught:
        proof.prove_pdf(data, [placed])
    return caught.value.id, caught.value.reading


def test_a_good_page_passes() -> None:
    data, placed = drawn_pdf()
    seen: list[int] = []
    proof.prove_pdf(data, [placed], seen.append)
    assert seen == [2]


def test_swapped_symbols() -> None:
    data, placed = drawn_pdf(swapped=True)
    assert refused(data, placed) == (placed[0].code, "clean")


def test_what_is_drawn_over_a_symbol_fails_the_page() -> None:
    # A white square over a corner of the second symbol: the image in the file is still whole.
    data, placed = drawn_pdf("1 g 350 200 80 150 re f")
    assert refused(data, placed) == (placed[1].code, "page")


def test_a_symbol_in_another_place() -> None:
    data, (one, two) = drawn_pdf()
    assert refused(data, [replace(one, x=one.x + 3), two]) == (one.code, "page")


def test_a_symbol_beside_another_vendors_code() -> None:
    data, (one, two) = drawn_pdf()
    assert refused(data, [one, replace(two, label=one.label)]) == (two.code, "label")


def test_a_symbol_too_few_and_too_many() -> None:
    data, (one, two) = drawn_pdf()
    assert refused(data, [one, two, two])[0] == one.code
    assert refused(data, [one])[0] == one.code


def test_damage_in_an_svg() -> None:
    text = image.svg(PAYLOAD, size_mm=50, mask=3)
    _, modules = picture(PAYLOAD)
    proof.prove_svg(text, modules, PAYLOAD, "c")
    start = text.index('d="M') + 3
    half = text[:start] + text[text.index("zM", len(text) // 2) + 1 :]
    for damaged in (half, text + text, text.replace("v1h-7z", "v1h-6z"), text.replace("M", "m")):
        with pytest.raises(ProofFailed):
            proof.prove_svg(damaged, modules, PAYLOAD, "c")


def test_the_error_names_the_code_and_nobody() -> None:
    data, placed = drawn_pdf(swapped=True)
    with pytest.raises(TrackerError) as caught:
        proof.prove_pdf(data, [placed])
    error = caught.value
    assert (error.code, error.status) == ("PROOF_FAILED", 500)
    assert error.extra == {"id": placed[0].code, "reading": "clean"}
    assert placed[0].code in error.detail
    said = error.detail + str(error.extra) + str(error)
    assert not any(word in said for word in ("Nguyễn", "NGUYEN", "4242", placed[0].payload))


def test_a_sheet_that_fails_is_not_released_and_a_second_mask_is_tried() -> None:
    tries: list[list[int]] = []
    data = [sample(n) for n in (1, 2, 3)]

    def failing(times: int) -> object:
        tries.clear()

        def prove(file: bytes, pages: Pages, progress: object) -> None:
            tries.append([each.modules for each in pages[0]])
            if len(tries) <= times:
                raise ProofFailed(data[1].code, "blurred")
            proof.prove_pdf(file, pages)

        return sheet(data, Layout(), prove=prove)

    assert isinstance(failing(1), bytes)
    assert len(tries) == 2
    with pytest.raises(ProofFailed):
        failing(2)
    assert len(tries) == 2


def test_one_file_that_fails_is_not_released_and_a_second_mask_is_tried() -> None:
    masks: list[int | None] = []

    def draw(mask: int | None) -> bytes:
        masks.append(mask)
        raise ProofFailed("CVT-0042-A.c1", "clean")

    with pytest.raises(ProofFailed):
        make.released(draw)
    assert masks == [make.MASK, None]
