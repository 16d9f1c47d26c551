"""Segmentations for test_contours.sh, by pydicom and nibabel.

  segmentations.py masks SEG FOLDER         FOLDER/<n>.nii.gz: the voxels of segment n
  segmentations.py make NRRD CT OUT WAY     a DICOM segmentation of a label map on the slices of CT
                                            WAY: plain, flipped (rows and columns run backwards)
  segmentations.py check                    exit status 0 where the modules are there
"""

import gzip
import pathlib
import sys

import nibabel
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid


def read_nrrd(path):
    """A label map [x, y, z] and its affine map, LPS."""
    header, _, data = pathlib.Path(path).read_bytes().partition(b"\n\n")
    field = dict(line.split(": ", 1) for line in header.decode().splitlines() if ": " in line)
    assert field["type"] == "short" and field["encoding"] == "gzip", path
    assert field["space"] == "left-posterior-superior", path
    sizes = [int(n) for n in field["sizes"].split()]
    values = np.frombuffer(gzip.decompress(data), "<i2").reshape(sizes, order="F")
    affine = np.eye(4)
    for axis, vector in enumerate(field["space directions"].split()):
        affine[:3, axis] = [float(v) for v in vector.strip("()").split(",")]
    affine[:3, 3] = [float(v) for v in field["space origin"].strip("()").split(",")]
    return values, affine


def frame_geometry(dataset):
    """Columns of the affine map for columns and rows, and the place of each frame."""
    shared = dataset.SharedFunctionalGroupsSequence[0]
    measures = shared.PixelMeasuresSequence[0]
    frames = dataset.PerFrameFunctionalGroupsSequence
    orientation = (shared if "PlaneOrientationSequence" in shared else
                   frames[0]).PlaneOrientationSequence[0].ImageOrientationPatient
    direction = np.array(orientation, float).reshape(2, 3)
    spacing = [float(v) for v in measures.PixelSpacing]
    places = [np.array(f.PlanePositionSequence[0].ImagePositionPatient, float) for f in frames]
    return direction[0] * spacing[1], direction[1] * spacing[0], places


def masks(path, folder):
    dataset = pydicom.dcmread(path)
    pixels = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    u, v, places = frame_geometry(dataset)
    normal = np.cross(u, v) / np.linalg.norm(np.cross(u, v))
    heights = np.array([normal @ (p - places[0]) for p in places])
    levels = np.unique(np.round(heights, 3))
    step = np.min(np.diff(levels)) if len(levels) > 1 else np.linalg.norm(v)
    index = np.rint((heights - heights.min()) / step).astype(int)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = u, v, normal * step
    affine[:3, 3] = places[int(np.argmin(heights))]
    lps_to_ras = np.diag([-1, -1, 1, 1])
    for segment in dataset.SegmentSequence:
        mask = np.zeros((dataset.Columns, dataset.Rows, index.max() + 1), np.uint8)
        for k, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
            number = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
            if number == segment.SegmentNumber:
                mask[:, :, index[k]] |= (pixels[k] > 0).T.astype(np.uint8)
        image = nibabel.Nifti1Image(mask, lps_to_ras @ affine)
        nibabel.save(image, pathlib.Path(folder) / f"{segment.SegmentNumber}.nii.gz")


def item(**values):
    dataset = Dataset()
    for key, value in values.items():
        setattr(dataset, key, value)
    return dataset


def make(path, ct_folder, out, way):
    values, affine = read_nrrd(path)
    ct = [pydicom.dcmread(p, stop_before_pixels=True)
          for p in sorted(pathlib.Path(ct_folder).glob("*.dcm"))]
    u, v = affine[:3, 0].copy(), affine[:3, 1].copy()
    if way == "flipped":
        affine[:3, 3] += u * (values.shape[0] - 1) + v * (values.shape[1] - 1)
        u, v, values = -u, -v, values[::-1, ::-1]
    numbers = [int(n) for n in np.unique(values) if n > 0]
    frames, pixels = [], []
    for number in reversed(numbers):  # in no order that could be relied upon
        for z in range(values.shape[2]):
            if not (values[:, :, z] == number).any():
                continue
            place = affine[:3, 3] + affine[:3, 2] * z
            frames.append(item(
                SegmentIdentificationSequence=Sequence([item(ReferencedSegmentNumber=number)]),
                PlanePositionSequence=Sequence(
                    [item(ImagePositionPatient=[f"{c:.6f}" for c in place])])))
            pixels.append((values[:, :, z] == number).T)
    orientation = [*(u / np.linalg.norm(u)), *(v / np.linalg.norm(v))]
    dataset = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4", SOPInstanceUID=generate_uid(),
        StudyInstanceUID=ct[0].StudyInstanceUID, SeriesInstanceUID=generate_uid(), Modality="SEG",
        FrameOfReferenceUID=ct[0].FrameOfReferenceUID, ImageType=["DERIVED", "PRIMARY"],
        SegmentationType="BINARY", Rows=values.shape[1], Columns=values.shape[0],
        NumberOfFrames=len(frames), SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=1, BitsStored=1, HighBit=0, PixelRepresentation=0,
        ReferencedSeriesSequence=Sequence([item(SeriesInstanceUID=ct[0].SeriesInstanceUID)]),
        SegmentSequence=Sequence([item(SegmentNumber=n, SegmentLabel=f"label {n}",
                                       SegmentAlgorithmType="MANUAL") for n in numbers]),
        SharedFunctionalGroupsSequence=Sequence([item(
            PixelMeasuresSequence=Sequence([item(
                PixelSpacing=[f"{np.linalg.norm(v):.6f}", f"{np.linalg.norm(u):.6f}"],
                SliceThickness=f"{np.linalg.norm(affine[:3, 2]):.6f}")]),
            PlaneOrientationSequence=Sequence(
                [item(ImageOrientationPatient=[f"{c:.6f}" for c in orientation])]))]),
        PerFrameFunctionalGroupsSequence=Sequence(frames),
        PixelData=np.packbits(np.ravel(pixels), bitorder="little").tobytes())
    if len(dataset.PixelData) % 2:
        dataset.PixelData += b"\0"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    pydicom.dcmwrite(out, dataset, write_like_original=False)


if __name__ == "__main__":
    {"masks": masks, "make": make, "check": lambda: None}[sys.argv[1]](*sys.argv[2:])
