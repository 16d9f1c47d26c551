#!/usr/bin/python3
"""Crops of volumes, computed by numpy and scipy from the files, against those of `fgf import`.

    volumes.py DATASET IMAGE MASK CASE spacing size grid order sigma
"""
import sys

import h5py
import nibabel
import numpy
from scipy import ndimage

dataset, image_path, mask_path, case, spacing, size, grid, order, sigma = sys.argv[1:]
spacing = [float(s) for s in spacing.split(",")]
size = [int(s) for s in size.split(",")]
order, sigma = int(order), float(sigma)

image = nibabel.load(image_path)
old_spacing = [float(s) for s in image.header.get_zooms()[:3]][::-1]
values = numpy.asarray(image.dataobj, dtype=numpy.float64).T
mask = (numpy.asarray(nibabel.load(mask_path).dataobj) != 0).T.astype(numpy.float64)

inside = numpy.argwhere(mask > 0)
centre = (inside.min(axis=0) + inside.max(axis=0)) // 2
values = values * (mask > 0)
if sigma > 0:
    values = ndimage.gaussian_filter(values, sigma, mode="reflect", truncate=4)
values = values * (mask > 0)
step = [new / old for new, old in zip(spacing, old_spacing)]
shape = [int(numpy.rint(n / s)) for n, s in zip(values.shape, step)]


target, source = [], []  # where the crop lies in the result, and in the resampled volume
for axis in range(3):
    at = int(centre[axis] * (shape[axis] / values.shape[axis]))
    if size[axis] >= shape[axis]:
        begin = -((size[axis] - shape[axis]) // 2)
    else:
        begin = min(max(at - size[axis] // 2, 0), shape[axis] - size[axis])
    first, last = max(begin, 0), min(begin + size[axis], shape[axis])
    source.append(slice(first, last))
    target.append(slice(first - begin, last - begin))


def resample(volume):
    """The crop's voxels; the whole by zoom where that takes no minutes."""
    if grid == "corners" and numpy.prod(shape) < 4e6:
        zoom = [new / old for new, old in zip(shape, volume.shape)]
        return ndimage.zoom(volume, zoom, order=order, mode="mirror")[tuple(source)]
    lines = []
    for part, n, s, old in zip(source, shape, step, volume.shape):
        wanted = numpy.arange(part.start, part.stop)
        lines.append(wanted * ((old - 1) / (n - 1)) if grid == "corners"
                     else numpy.clip((wanted + 0.5) * s - 0.5, 0, old - 1))
    places = numpy.meshgrid(*lines, indexing="ij")
    return ndimage.map_coordinates(volume, places, order=order, mode="mirror")


crop, share = numpy.zeros(size), numpy.zeros(size)
crop[tuple(target)] = resample(values)
share[tuple(target)] = resample(mask)
crop_mask, unsure = share > 0.5, abs(share - 0.5) < 1e-9
expected = numpy.clip((crop * crop_mask + 50) / 350, 0, 1) * crop_mask

with h5py.File(dataset) as file:
    row = [name.decode() for name in file["case/id"][:]].index(case)
    found, found_mask = file["image"][row, 0], file["mask"][row] != 0
# A share of exactly a half falls to either side by rounding.
agree = ~unsure
difference = abs(found - expected)[agree].max()
masks = (found_mask != crop_mask)[agree].sum()
print(f"{case}: {grid} order {order} sigma {sigma}: {found.shape}, {crop_mask.sum()} voxels inside, "
      f"largest difference {difference:.1e}, masks differ in {masks}, undecided {unsure.sum()}")
sys.exit(0 if difference < 1e-6 and masks == 0 and unsure.sum() < 0.01 * crop_mask.sum() else 1)
