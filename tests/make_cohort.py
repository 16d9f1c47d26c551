"""Writes a small cohort with nothing but Python's own library: images, outcome table, manifest.

    make_cohort.py FOLDER CASES png|nifti [two] [wide]

FOLDER/images/ID.png (16 x 16 pixels, with `wide` 20 of them in a row), or ID.nii.gz and
ID_mask.nii.gz (16 x 12 x 3 voxels of 1 x 2 x 3 mm); with `two` there is a second channel, ID_pet.*,
on the same grid. FOLDER/table.csv has decimal commas; FOLDER/import.yaml is the manifest. The label
goes with the first channel's intensity.
"""
import gzip
import os
import random
import struct
import sys
import zlib


def png(path, rows):
    """Grey, 8 bits, each row a bytes object."""

    def chunk(kind, data):
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels))
        file.write(chunk(b"IEND", b""))


def nifti(path, slices):
    """NIfTI-1, int16, slices[z][y][x]."""
    extent = len(slices[0][0]), len(slices[0]), len(slices)
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *extent, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1, 1, 2, 3, 1, 1, 1, 1)
    struct.pack_into("<fff", header, 108, 352, 1, 0)
    header[344:348] = b"n+1\0"
    values = [value for plane in slices for row in plane for value in row]
    with gzip.open(path, "wb") as file:
        file.write(bytes(header) + struct.pack(f"<{len(values)}h", *values))


def lesion(draw, height, width, brightness):
    """An ellipse of grey values 1 to 255 on 0, a bytes object a row."""
    y0, x0 = height / 2 + draw.uniform(-2, 2), width / 2 + draw.uniform(-2, 2)
    a, b = draw.uniform(2, 4), draw.uniform(2, 4)
    return [
        bytes(
            max(1, min(255, int(draw.gauss(brightness, 20))))
            if ((y - y0) / a) ** 2 + ((x - x0) / b) ** 2 < 1
            else 0
            for x in range(width)
        )
        for y in range(height)
    ]


def volume(rows, share):
    """Three slices in HU of which the middle one holds the lesion whole, the last one a part."""
    whole = [[value - 50 if value else -1000 for value in row] for row in rows]
    empty = [[-1000] * len(row) for row in rows]
    part = [row if y < len(rows) * share else empty[y] for y, row in enumerate(whole)]
    return [empty, whole, part]


def inside(slices):
    return [[[int(value > -1000) for value in row] for row in plane] for plane in slices]


def main(folder, cases, kind, two, width):
    draw = random.Random(7)
    images = os.path.join(folder, "images")
    os.makedirs(images)
    lines = ["id;event;days;followed;hospital"]
    for number in range(1, cases + 1):
        name = f"{'AB'[number % 2]}-{number:03d}"
        event = int(number % 3 == 0)
        brightness = [90 + 60 * event, 120]
        if number % 3 == 2:
            followed = 700.5 if number % 4 == 0 else 900.5  # some are followed too briefly
        else:
            followed = 800.5
        days = f"{100.5 + number}".replace(".", ",") if event else ""
        lines.append(f"{name};{event};{days};{str(followed).replace('.', ',')};{name[0]}")
        base = lesion(draw, 16 if kind == "png" else 12, width, brightness[0])
        second = [
            bytes(max(1, min(255, int(draw.gauss(120, 30)))) if value else 0 for value in row)
            for row in base
        ]
        for suffix, rows in [("", base), ("_pet", second)][: 1 + two]:
            path = os.path.join(images, name + suffix)
            if kind == "png":
                png(path + ".png", rows)
            else:
                nifti(path + ".nii.gz", volume(rows, 0.5))
        if kind == "nifti":
            nifti(os.path.join(images, name + "_mask.nii.gz"), inside(volume(base, 0.5)))
    ending = "png" if kind == "png" else "nii.gz"
    mask = ', mask: "{id}_mask.nii.gz"' if kind == "nifti" else ""
    manifest = [f"source: {{kind: {kind}, folder: images{mask}}}"]
    if two:
        manifest += [
            "channels:",
            f'  - image: {{name: ct, pattern: "{{id}}.{ending}"}}',
            f'  - image: {{name: pet, pattern: "{{id}}_pet.{ending}", window: [0, 100], unit: SUV}}',
        ]
    manifest += [
        "table: {file: table.csv, event: event, time: days, follow_up: followed, centre: hospital}",
        "preprocess: {window: [-50, 205]}",
    ]
    with open(os.path.join(folder, "table.csv"), "w") as file:
        file.write("\n".join(lines) + "\n")
    with open(os.path.join(folder, "import.yaml"), "w") as file:
        file.write("\n".join(manifest) + "\n")


options = sys.argv[4:]
main(sys.argv[1], int(sys.argv[2]), sys.argv[3], "two" in options, 20 if "wide" in options else 16)
