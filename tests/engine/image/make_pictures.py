"""Makes the pictures that the tests of this folder read, and what PIL and the models' image processors make of them:

    python tests/engine/image/make_pictures.py

pictures/NAME, pictures/NAME.ppm    a file of each kind, and its pixels by PIL's convert("RGB") when upright
fitted/WxH_BUDGET.rgb               samples of resized pictures, by the transformers processor
fitted/WxH_BUDGET_SIDE.rgb          samples of the patches cut from one"""

import io
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from transformers.models.gemma4.image_processing_gemma4 import Gemma4ImageProcessor
from transformers.models.gemma4_unified.image_processing_gemma4_unified import Gemma4UnifiedImageProcessor

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"
FITTED = HERE / "fitted"
ORIENTATION = 0x0112
SAMPLES = 1500


def scene(width: int = 21, height: int = 13, channels: int = 3) -> np.ndarray:
    """[height, width, channels]: gradients with an edge; no symmetry that would hide a turn."""
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    values = x * (9 - 2 * c) + y * (5 + 4 * c) + 40 * c + 90 * ((x > width // 3) & (y < height // 2))
    return (values % 256).astype(np.uint8)


def store(name: str, file: bytes, pixels: np.ndarray | None = None) -> None:
    """The file and its pixels: PIL's, unless given."""
    if pixels is None:
        with Image.open(io.BytesIO(file)) as picture:
            pixels = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    (PICTURES / name).write_bytes(file)
    Image.fromarray(pixels).save(PICTURES / f"{name}.ppm")


def saved(picture: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue()


# PNG, written here because PIL writes neither interlaced ones nor 16-bit colour.

PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def packed_rows(samples: np.ndarray, depth: int) -> bytes:
    rows = samples.reshape(samples.shape[0], -1)
    if depth == 16:
        lines = [row.astype(">u2").tobytes() for row in rows]
    else:
        bits = ((rows[..., None] >> np.arange(depth - 1, -1, -1)) & 1).reshape(len(rows), -1)
        lines = [np.packbits(row).tobytes() for row in bits]
    return b"".join(b"\0" + line for line in lines)


def png(samples: np.ndarray, kind: int, depth: int, interlaced: bool = False, chunks: bytes = b"") -> bytes:
    height, width = samples.shape[:2]
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    parts = [samples[y::down, x::across] for x, y, across, down in passes]
    body = b"".join(packed_rows(part, depth) for part in parts if part.size)
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunks + chunk(b"IDAT", zlib.compress(body, 9)) + chunk(b"IEND", b"")
    )


def make_png() -> None:
    for depth in (1, 2, 4, 8):
        grey = scene(channels=1)[..., 0] >> (8 - depth)
        store(f"grey{depth}.png", png(grey, 0, depth))
        palette = scene(1 << depth, 1)[0].tobytes()
        store(f"palette{depth}.png", png(grey, 3, depth, chunks=chunk(b"PLTE", palette)))
    transparent = chunk(b"PLTE", scene(256, 1)[0].tobytes()) + chunk(b"tRNS", bytes(range(0, 256, 2)))
    store("palette_transparent.png", png(scene(channels=1)[..., 0], 3, 8, chunks=transparent))
    for kind, name in ((2, "rgb"), (4, "grey_alpha"), (6, "rgba")):
        samples = scene(channels=PNG_CHANNELS[kind])
        store(f"{name}8.png", png(samples, kind, 8))
        store(f"{name}8_interlaced.png", png(samples, kind, 8, interlaced=True))
        wide = samples.astype(np.uint16) * 256 + 37
        store(f"{name}16.png", png(wide, kind, 16))
    wide = scene(channels=1)[..., 0].astype(np.uint16) * 256 + 201
    # PIL cuts at 255; the upper byte is the picture.
    store("grey16.png", png(wide, 0, 16), np.repeat(scene(channels=1), 3, axis=2))
    store("grey1_interlaced.png", png(scene(channels=1)[..., 0] >> 7, 0, 1, interlaced=True))
    store("one_pixel.png", png(scene(1, 1), 2, 8))
    store("wide.png", png(np.zeros((1, 30000), np.uint8), 0, 1))
    store("turned.png", saved(Image.fromarray(scene()), "PNG", exif=exif(6)))


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[ORIENTATION] = orientation
    return block


def make_jpeg() -> None:
    picture = Image.fromarray(scene(37, 29))
    store("rgb420.jpg", saved(picture, "JPEG", subsampling=2))
    store("rgb444.jpg", saved(picture, "JPEG", subsampling=0, quality=95))
    store("rgb_progressive.jpg", saved(picture, "JPEG", progressive=True))
    store("rgb_direct.jpg", saved(picture, "JPEG", keep_rgb=True))
    store("grey.jpg", saved(picture.convert("L"), "JPEG"))
    inks = saved(Image.fromarray(scene(24, 16, 4), "CMYK"), "JPEG")
    store("cmyk.jpg", inks)
    adobe = inks.index(b"Adobe")
    store("ycck.jpg", inks[: adobe + 11] + b"\x02" + inks[adobe + 12 :])  # the marker's last byte: a transform
    small = Image.fromarray(scene(16, 8))
    for orientation in range(1, 9):
        store(f"orientation{orientation}.jpg", saved(small, "JPEG", exif=exif(orientation)))


def make_webp() -> None:
    picture = Image.fromarray(scene(37, 29))
    store("lossy.webp", saved(picture, "WEBP", quality=80))
    store("lossless.webp", saved(picture, "WEBP", lossless=True))
    store("alpha.webp", saved(Image.fromarray(scene(20, 15, 4)), "WEBP", lossless=True, exact=True))
    store("turned.webp", saved(picture, "WEBP", lossless=True, exif=exif(8)))
    frames = [Image.fromarray(scene(12 + 0 * i, 9) // (i + 1)) for i in range(2)]
    (PICTURES / "animated.webp").write_bytes(saved(frames[0], "WEBP", save_all=True, append_images=frames[1:]))


def make_gif() -> None:
    picture = Image.fromarray(scene()).quantize(32)
    store("plain.gif", saved(picture, "GIF", interlace=0))
    store("interlaced.gif", saved(picture, "GIF", interlace=1))
    frames = [Image.fromarray(scene() // (i + 1)).quantize(16) for i in range(3)]
    store("animated.gif", saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    whole = bytearray(saved(picture, "GIF", transparency=5, interlace=0))
    screen = struct.pack("<HH", 30, 20)  # a larger screen: the frame leaves some of it uncovered
    whole[6:10] = screen
    store("partial.gif", bytes(whole))


def bmp(width: int, height: int, bits: int, pixels: bytes, compression: int = 0, table: bytes = b"") -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(pixels), 0, 0, 0, 0)
    offset = 14 + len(head) + len(table)
    return b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) + head + table + pixels


def padded(row: bytes) -> bytes:
    return row + b"\0" * (-len(row) % 4)


def make_bmp() -> None:
    picture = Image.fromarray(scene())
    store("rgb24.bmp", saved(picture, "BMP"))
    store("rgba32.bmp", saved(Image.fromarray(scene(channels=4)), "BMP"))
    store("palette8.bmp", saved(picture.quantize(77), "BMP"))
    store("grey8.bmp", saved(picture.convert("L"), "BMP"))
    store("black_white.bmp", saved(picture.convert("1"), "BMP"))
    wide = scene(21, 13, 1)[..., 0].astype("<u2") * 257
    rows = b"".join(padded(row.tobytes()) for row in wide[::-1])
    store("rgb555.bmp", bmp(21, 13, 16, rows))
    store("rgb565.bmp", bmp(21, 13, 16, rows, 3, struct.pack("<III", 0xF800, 0x7E0, 0x1F)))
    upside = b"".join(padded(row.tobytes()) for row in scene())
    store("top_down.bmp", bmp(21, -13, 24, upside))
    colours = np.concatenate([scene(16, 1)[0], np.zeros((16, 1), np.uint8)], axis=1).tobytes()
    nibbles = scene(21, 13, 1)[..., 0] >> 4
    halves = np.concatenate([nibbles, np.zeros((13, 1), np.uint8)], axis=1)
    packed = (halves[:, ::2] << 4 | halves[:, 1::2]).astype(np.uint8)
    store("palette4.bmp", bmp(21, 13, 4, b"".join(padded(row.tobytes()) for row in packed[::-1]), 0, colours))
    # Runs, literals with padding, a row that ends early, and a jump.
    rle8 = bytes([5, 3, 0, 3, 1, 2, 4, 0, 4, 15, 0, 0, 0, 2, 3, 1, 9, 7, 0, 0, 12, 2, 0, 1])
    store("rle8.bmp", bmp(12, 4, 8, rle8, 1, colours * 16))
    rle4 = bytes([5, 0x3A, 0, 5, 0x12, 0x34, 0x50, 0, 2, 0xCD, 0, 0, 12, 0x77, 0, 1])
    # PIL rounds a literal of odd length up, so these pixels are stated.
    store("rle4.bmp", bmp(12, 2, 4, rle4, 2, colours), rle4_pixels(colours))
    core = struct.pack("<IHHHH", 12, 21, 13, 1, 24)
    body = b"".join(padded(row.tobytes()) for row in scene()[::-1])
    store("core_header.bmp", b"BM" + struct.pack("<IHHI", 26 + len(body), 0, 0, 26) + core + body)


def rle4_pixels(colours: bytes) -> np.ndarray:
    palette = np.frombuffer(colours, np.uint8).reshape(16, 4)[:, 2::-1]
    rows = [[3, 10, 3, 10, 3, 1, 2, 3, 4, 5, 12, 13], [7] * 12]
    return palette[np.array(rows[::-1])]


# What the processors make of larger pictures, which both sides compute from a formula.

SIZES = [(1, 1), (8, 8), (5000, 100), (100, 5000), (640, 480), (1333, 777), (37, 211), (1023, 1025), (768, 768), (3, 1000)]


def formula(width: int, height: int) -> np.ndarray:
    y, x, c = np.mgrid[0:height, 0:width, 0:3].astype(np.int64)
    return ((x * x * 7 + y * 131 + c * 89 + x * y * 3 + (x // 5) * (y // 3) * 17) % 256).astype(np.uint8)


def sampled(values: np.ndarray) -> bytes:
    """Every n-th value, n odd so that all channels occur."""
    step = max(1, values.size // (SAMPLES * 3)) | 1
    return values.reshape(-1)[::step].tobytes()


def make_fitted() -> None:
    tower, blocks = Gemma4ImageProcessor(), Gemma4UnifiedImageProcessor()
    for width, height in SIZES:
        picture = Image.fromarray(formula(width, height))
        for budget in (70, 280, 1120) if width * height < 10**6 else (140, 560):
            options = {"max_soft_tokens": budget, "do_rescale": False, "return_tensors": "np", "input_data_format": "channels_first"}
            out = tower(picture, **options)
            positions = out["image_position_ids"][0]
            count = int((positions[:, 0] >= 0).sum())
            columns, rows = positions[:count].max(axis=0) + 1
            patches = out["pixel_values"][0, :count]
            grid = patches.reshape(rows, columns, 16, 16, 3)
            whole = grid.transpose(0, 2, 1, 3, 4).reshape(rows * 16, columns * 16, 3)
            (FITTED / f"{width}x{height}_{budget}.rgb").write_bytes(sampled(whole.astype(np.uint8)))
            if (width, height, budget) == (37, 211, 70):
                (FITTED / f"{width}x{height}_{budget}_16.rgb").write_bytes(sampled(patches.astype(np.uint8)))
                merged = blocks(picture, **options)["pixel_values"][0, : count // 9]
                (FITTED / f"{width}x{height}_{budget}_48.rgb").write_bytes(sampled(merged.astype(np.uint8)))


def main() -> None:
    for folder in (PICTURES, FITTED):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    for make in (make_png, make_jpeg, make_webp, make_gif, make_bmp, make_fitted):
        make()


if __name__ == "__main__":
    main()
