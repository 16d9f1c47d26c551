"""Makes the cohorts that are measured, with nothing but Python's own library, and imports them.

    full      values above 0 in every pixel; Omega = a disk of radius size / 5
    tumour    a disk of 60 pixels across in an image of zeros; Omega = the disk
    slices    published slices of tumours, zero around them; Omega = the tumour
    volumes   CT volumes with masks, for the import's speed
    crops     volumes without a background; Omega = a ball
    tumours   balls of 20 voxels across in volumes of zeros; Omega = the ball
"""
import gzip
import math
import os
import random
import struct
import zlib

ABOVE_ZERO = bytes(max(1, value) for value in range(256))
WIDTH, SLICES = 256, 48  # of a volume


def png(path, rows):
    """Grey, 8 bits; rows of bytes."""

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 1)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) +
                   chunk(b"IEND", b""))


def disk_rows(size, radius, row, column):
    """For each row the first and last column of a disk, as a half-open range."""
    for y in range(size):
        half = radius * radius - (y - row) ** 2
        if half <= 0:
            yield 0, 0
        else:
            yield (max(0, math.floor(column - half ** 0.5) + 1),
                   min(size, math.ceil(column + half ** 0.5)))


def disk(size, radius, row, column):
    return [bytes(a) + b"\xff" * (b - a) + bytes(size - b)
            for a, b in disk_rows(size, radius, row, column)]


def write_table(folder, count):
    lines = ["id;event"] + [f"case-{i:03d};{i % 2}" for i in range(count)]
    with open(os.path.join(folder, "table.csv"), "w") as file:
        file.write("\n".join(lines) + "\n")


def write_manifest(folder, source, preprocess, images="."):
    with open(os.path.join(folder, "import.yaml"), "w") as file:
        file.write("source: {folder: \"%s\", %s}\n"
                   "table: {file: table.csv, event: event, horizon: 0}\n"
                   "preprocess: {%s}\n" % (images, source, preprocess))


def full(folder, size, count):
    """Images without a background, and their manifest."""
    draw = random.Random(size)
    for i in range(count):
        name = os.path.join(folder, f"case-{i:03d}")
        png(name + ".png", [draw.randbytes(size).translate(ABOVE_ZERO) for _ in range(size)])
        place = [size / 2 + draw.uniform(-size / 20, size / 20) for _ in range(2)]
        png(name + "_mask.png", disk(size, size / 5, *place))
    write_table(folder, count)
    write_manifest(folder, 'kind: png, mask: "{id}_mask.png"',
                   "window: [-50, 300], stored_range: [0, 255], masked: false")


def tumour(folder, size, count, across=60):
    """Images of zeros but for a disk."""
    draw = random.Random(across)
    for i in range(count):
        place = [size / 2 + draw.uniform(-size / 4, size / 4) for _ in range(2)]
        rows = [bytes(a) + draw.randbytes(b - a).translate(ABOVE_ZERO) + bytes(size - b)
                for a, b in disk_rows(size, across / 2, *place)]
        png(os.path.join(folder, f"case-{i:03d}.png"), rows)
    write_table(folder, count)
    write_manifest(folder, "kind: png", "window: [-50, 300], stored_range: [0, 255]")


def nifti(path, planes, width, height):
    """NIfTI-1, int16, a bytes object a plane; compressed where the name says so."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, width, height, len(planes), 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1, 1, 1, 3, 1, 1, 1, 1)
    struct.pack_into("<fff", header, 108, 352, 1, 0)
    header[344:348] = b"n+1\0"
    if path.endswith(".gz"):
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(bytes(header) + b"".join(planes))
    else:
        with open(path, "wb") as file:
            file.write(bytes(header) + b"".join(planes))


def volumes(folder, count, ending):
    """CT volumes (HU 0 to 255) with masks."""
    draw = random.Random(3)
    size, slices = WIDTH, SLICES
    for i in range(count):
        planes, masks = [], []
        for z in range(slices):
            values = bytearray(2 * size * size)
            values[0::2] = draw.randbytes(size * size)
            planes.append(bytes(values))
            radius = (max(0, 30 ** 2 - (3 * (z - slices / 2)) ** 2)) ** 0.5
            inside = bytearray(2 * size * size)
            inside[0::2] = b"".join(disk(size, radius, size / 2, size / 2)).translate(
                bytes(value > 0 for value in range(256)))
            masks.append(bytes(inside))
        name = os.path.join(folder, f"case-{i:03d}")
        nifti(name + ending, planes, size, size)
        nifti(name + "_mask" + ending, masks, size, size)
    write_table(folder, count)
    write_manifest(folder, 'kind: nifti, image: "{id}%s", mask: "{id}_mask%s"' % (ending, ending),
                   "size: [128, 128]")


def ball(size, z, radius, place):
    """Plane z of a ball, rows of bytes."""
    across = max(0, radius ** 2 - (z - place[0]) ** 2) ** 0.5
    return b"".join(disk(size, across, *place[1:]))


def write_volumes(folder, size, depth, count, place, radius, values, preprocess):
    """Volumes of int16 with the mask of a ball: place() -> its centre, values(mask) -> the bytes of
    a plane."""

    def words(plane):
        wide = bytearray(2 * len(plane))
        wide[0::2] = plane
        return bytes(wide)

    for i in range(count):
        centre = place()
        masks = [ball(size, z, radius, centre) for z in range(depth)]
        name = os.path.join(folder, f"case-{i:03d}")
        nifti(name + ".nii", [words(values(mask)) for mask in masks], size, size)
        nifti(name + "_mask.nii", [words(mask) for mask in masks], size, size)
    write_table(folder, count)
    write_manifest(folder, 'kind: nifti, image: "{id}.nii", mask: "{id}_mask.nii"',
                   "take: volume, window: [0, 255]" + preprocess)


def crops(folder, size, depth, count):
    """Volumes of values above 0 in every voxel; Omega = a ball of radius size / 5."""
    draw = random.Random(size)
    write_volumes(folder, size, depth, count, lambda: (depth / 2, size / 2, size / 2), size / 5,
                  lambda mask: draw.randbytes(len(mask)).translate(ABOVE_ZERO), ", masked: false")


def tumours(folder, size, depth, count, across=20):
    """Volumes of zeros but for a ball."""
    draw = random.Random(across)
    write_volumes(folder, size, depth, count,
                  lambda: (depth / 2 + draw.uniform(-depth / 8, depth / 8),
                           size / 2 + draw.uniform(-size / 4, size / 4),
                           size / 2 + draw.uniform(-size / 4, size / 4)), across / 2,
                  lambda mask: bytes(max(1, value) if inside else 0
                                     for value, inside in zip(draw.randbytes(len(mask)), mask)),
                  "")


def slices(folder, source, count, every):
    """The first `count` of every n-th slice of a folder of PNG files, with labels in turns."""
    names = sorted(name[:-4] for name in os.listdir(source) if name.endswith(".png"))[::every]
    lines = ["id;event"] + [f"{name};{i % 2}" for i, name in enumerate(names[:count])]
    with open(os.path.join(folder, "table.csv"), "w") as file:
        file.write("\n".join(lines) + "\n")
    write_manifest(folder, "kind: png", "window: [-50, 300], stored_range: [0, 255]", source)
