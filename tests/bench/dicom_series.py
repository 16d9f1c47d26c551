#!/usr/bin/env python3
"""Writes made-up CT series with a structure set each, as they come from an archive.

usage: dicom_series.py FOLDER CASES SLICES [SIZE]

FOLDER/p01/... : SLICES files of SIZE x SIZE (512) signed 16-bit voxels in implicit little endian, a
cylinder of soft tissue with noise in air, and RS.dcm with one structure "GTV" in the middle.
"""
import sys

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian, generate_uid

CT, RTSTRUCT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.481.3"
SPACING, STEP = 0.9765625, 1.25


def item(**values):
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def start(path, kind, modality, patient, study, series, frame):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = kind
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ImplicitVRLittleEndian
    made = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    made.is_little_endian = made.is_implicit_VR = True
    made.SOPClassUID, made.SOPInstanceUID = kind, meta.MediaStorageSOPInstanceUID
    made.Modality, made.PatientID, made.PatientName = modality, patient, "Made^Up"
    made.StudyInstanceUID, made.SeriesInstanceUID = study, series
    made.FrameOfReferenceUID = frame
    return made


def write_series(folder, patient, slices, size, rng):
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    body = np.where(x**2 + y**2 < (0.4 * size) ** 2, 40.0, -1000.0)
    noise = rng.normal(0, 20, (size, size))
    for k in range(slices):
        path = f"{folder}/{k:04d}.dcm"
        made = start(path, CT, "CT", patient, study, series, frame)
        made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        made.InstanceNumber = k + 1
        made.ImagePositionPatient = [-250, -250, round(-300 + STEP * k, 4)]
        made.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        made.PixelSpacing, made.SliceThickness = [SPACING, SPACING], STEP
        made.Rows = made.Columns = size
        made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
        made.BitsAllocated, made.BitsStored, made.HighBit = 16, 16, 15
        made.PixelRepresentation = 1
        made.RescaleSlope, made.RescaleIntercept = 1, -1024
        hu = body + np.roll(noise, 7 * k, axis=0)
        made.PixelData = (hu + 1024).astype("<i2").tobytes()
        made.save_as(path, write_like_original=False)
    return study, series, frame


def write_structures(folder, patient, slices, size, study, series, frame):
    path = f"{folder}/RS.dcm"
    made = start(path, RTSTRUCT, "RTSTRUCT", patient, study, generate_uid(), frame)
    made.StructureSetLabel = "made up"
    made.ReferencedFrameOfReferenceSequence = Sequence([item(
        FrameOfReferenceUID=frame,
        RTReferencedStudySequence=Sequence([item(
            ReferencedSOPInstanceUID=study,
            RTReferencedSeriesSequence=Sequence([item(SeriesInstanceUID=series)]))]))])
    made.StructureSetROISequence = Sequence([item(
        ROINumber=1, ROIName="GTV", ReferencedFrameOfReferenceUID=frame)])
    contours, angle = [], np.linspace(0, 2 * np.pi, 120, endpoint=False)
    for k in range(slices // 2 - slices // 16, slices // 2 + slices // 16 + 1):
        radius = 30 - 0.1 * abs(k - slices // 2)
        z = round(-300 + STEP * k, 4)
        points = np.round(np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), 3)
        data = [v for px, py in points for v in (px, py, z)]
        contours.append(item(ContourGeometricType="CLOSED_PLANAR",
                             NumberOfContourPoints=len(points), ContourData=data))
    made.ROIContourSequence = Sequence([item(
        ReferencedROINumber=1, ContourSequence=Sequence(contours))])
    made.save_as(path, write_like_original=False)


def main():
    import os
    root, cases, slices = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    size = int(sys.argv[4]) if len(sys.argv) > 4 else 512
    rng = np.random.default_rng(1)
    for k in range(1, cases + 1):
        folder, patient = f"{root}/p{k:02d}", f"p{k:02d}"
        os.makedirs(folder)
        uids = write_series(folder, patient, slices, size, rng)
        write_structures(folder, patient, slices, size, *uids)


if __name__ == "__main__":
    main()
