"""Pictures made from a number: whole ones as PNG, rough ones as JPEG.

A picture is bands of colour bent by waves; the same seed gives the same one.
The JPEG writer codes nothing but each 8x8 block's mean, which is as rough as
the previews that ComfyUI makes from latents, and needs no imaging library.
"""
import binascii
import math
import random
import struct
import zlib


class Picture:
    def __init__(self, seed):
        pick = random.Random(seed)
        self.grain = pick
        phase = [pick.random() * math.tau for _ in range(4)]
        self.wave = (0.6 + pick.random(), 0.5 + pick.random())
        self.phase = phase
        self.spread = 150 + 120 * pick.random()
        hue = pick.random()
        self.palettes = [palette(hue + shift, level) * 2 for shift, level in
                         ((0.0, 0.52), (0.14 + 0.2 * pick.random(), 0.42), (0.45, 0.58))]

    def across(self, x):
        """The band value at x, a fraction of the width that may pass 1."""
        wave = math.sin(math.tau * self.wave[0] * x + self.phase[0])
        return int(self.spread * x + 34 * wave + 14 * math.sin(9 * x + self.phase[1])) & 255

    def down(self, y):
        wave = math.sin(math.tau * self.wave[1] * y + self.phase[2])
        return int(0.7 * self.spread * y + 40 * wave) & 255

    def bend(self, y):
        """How far the row at y is shifted, as a fraction of the width."""
        return 0.12 * (1 + math.sin(4.2 * y + self.phase[3]))

    def png(self, width, height, text=None):
        """The file's bytes. text: {keyword: value} kept inside, as ComfyUI keeps the prompt."""
        base = bytes(self.across(x / width) for x in range(width + width // 4 + 1))
        rows = bytearray()
        row = bytearray(3 * width)
        for y in range(height):
            start = int(self.bend(y / height) * width)
            bands = base[start:start + width]
            shift = self.down(y / height)
            for channel, colours in enumerate(self.palettes):
                row[channel::3] = bands.translate(colours[shift:shift + 256])
            rows += b"\0" + row
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        notes = b"".join(chunk(b"tEXt", key.encode("latin-1") + b"\0" + value.encode("latin-1"))
                         for key, value in (text or {}).items())
        return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + notes +
                chunk(b"IDAT", zlib.compress(bytes(rows), 1)) + chunk(b"IEND", b""))

    def jpeg(self, size, noise, least_bytes=0):
        """A square preview with noise (1.0: nothing but, 0.0: none), padded to least_bytes."""
        blocks = (size + 7) // 8
        across = [self.across(x / blocks) for x in range(blocks + blocks // 4 + 1)]
        grain = self.grain.randbytes(blocks * blocks)
        planes = []
        red, green, blue = self.palettes
        for y in range(blocks):
            start = int(self.bend(y / blocks) * blocks)
            shift = self.down(y / blocks)
            for x in range(blocks):
                at = across[start + x] + shift
                static = (grain[y * blocks + x] - 128) * noise
                r, g, b = (c[at] * (1 - noise) + 128 * noise + static for c in (red, green, blue))
                planes.append((int(0.299 * r + 0.587 * g + 0.114 * b - 128),
                               int(-0.169 * r - 0.331 * g + 0.5 * b),
                               int(0.5 * r - 0.419 * g - 0.081 * b)))
        return jpeg_file(size, planes, least_bytes)


def palette(hue, level):
    """One channel's 256 values, a wave so that the end meets the start."""
    return bytes(max(0, min(255, int(255 * (level + 0.4 * math.cos(math.tau * (i / 256 + hue))))))
                 for i in range(256))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(
        ">I", binascii.crc32(kind + body))


# ITU T.81 table K.3: how many bits a difference has, as a prefix code.
DC_LENGTHS = (0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)
DC_CODES = ("00", "010", "011", "100", "101", "110", "1110", "11110", "111110", "1111110",
            "11111110", "111111110")
END_OF_BLOCK = "0"  # the only code of our AC table


def dc_bits(difference):
    size = abs(difference).bit_length()
    if not size:
        return DC_CODES[0] + END_OF_BLOCK
    value = difference if difference > 0 else difference + (1 << size) - 1
    return DC_CODES[size] + format(value, f"0{size}b") + END_OF_BLOCK


DC_BITS = {difference: dc_bits(difference) for difference in range(-512, 513)}


def segment(marker, body):
    return struct.pack(">BBH", 0xff, marker, len(body) + 2) + body


def jpeg_file(size, planes, least_bytes):
    bits = []
    last = (0, 0, 0)
    for block in planes:
        bits += [DC_BITS[now - before] for now, before in zip(block, last)]
        last = block
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    scan = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
    # A quantiser of 8 makes the coded number the block's mean itself.
    head = (b"\xff\xd8" + segment(0xe0, b"JFIF\0\1\1\0\0\1\0\1\0\0") +
            segment(0xdb, b"\0" + b"\x08" * 64) +
            segment(0xc0, struct.pack(">BHHB", 8, size, size, 3) +
                    b"\x01\x11\0" + b"\x02\x11\0" + b"\x03\x11\0") +
            segment(0xc4, b"\x00" + bytes(DC_LENGTHS) + bytes(range(12))) +
            segment(0xc4, b"\x10" + b"\x01" + b"\0" * 15 + b"\0"))
    tail = segment(0xda, b"\x03\x01\0\x02\0\x03\0" + b"\0\x3f\0") + scan + b"\xff\xd9"
    padding = b""
    while len(head) + len(padding) + len(tail) < least_bytes:
        missing = least_bytes - len(head) - len(padding) - len(tail)
        padding += segment(0xfe, bytes(max(0, min(missing, 65000) - 4)))
    return head + padding + tail
