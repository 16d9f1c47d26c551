"""Writes a small archive of DICOM files as the Cancer Imaging Archive gives them, with pydicom.

    make_archive.py FOLDER [OUTCOMES]

FOLDER/Head-Neck-PET-CT/HN-CHUM-001/DATE-STUDY/SERIES/1-01.dcm ...: six patients of four hospitals,
each with a CT and a PET series, a structure set on either, and a dose that is nobody's business;
FOLDER/INFOclinical_HGJ.csv ... and FOLDER/INFO_GTVcontours_HGJ.csv ... are the tables. The names of
contours are those of the real cohort. Every file holds a patient's name and dates, which must not
come out anywhere; FOLDER/secrets lists them. FOLDER/expected says of each patient which structures
are to be joined and how many voxels of the largest slice are theirs. With OUTCOMES, a table of
patients with the names of their contours, it is their archive, of small images.
"""

import csv
import os
import sys

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

SLICES, ROWS, COLUMNS = 5, 40, 48
SPACING = (2.0, 2.0)  # rows, columns
THICKNESS = 3.0
ORIGIN = (-50.0, -40.0, 100.0)
CT, PET = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.128"
STRUCTURES = "1.2.840.10008.5.1.4.1.1.481.3"
DOSE = "1.2.840.10008.5.1.4.1.1.481.2"

# id, name, primary (as the table has it), drawn structures: name -> boxes (x0, x1, y0, y1, z0, z1)
# in voxels, both ends in; event, days to it, days followed
BODY = {"BODY": [(2, 45, 2, 37, 0, 4)]}
PATIENTS = [
    ("HN-HGJ-001", "Tremblay^Mariette", "GTV_67.5Gy", {"gtv_67.5gy": [(10, 19, 12, 17, 1, 3)]}, 1, 300, 900),
    ("HN-HGJ-002", "Gagnon^Ludovic", "GTV  BOT", {"GTV BOT": [(20, 25, 20, 29, 2, 3)], "GTV": [(5, 9, 5, 9, 0, 4)]}, 0, "", 800),
    ("HN-CHUS-003", "Lapointe^Annabelle", "GTVp G,GTVp D", {"GTVp G": [(8, 12, 8, 12, 1, 2)], "GTVp D": [(30, 35, 8, 12, 1, 2)], "GTVgg RP": [(20, 22, 30, 32, 2, 2)]}, 0, "", 1500),
    ("HN-HMR-004", "Côtélac^Jeannot", "GTV primaire", {"GTV primaire": [(15, 24, 10, 14, 2, 2)], "GTV ggs": [(30, 34, 20, 24, 2, 2)]}, 1, "", 1200),
    ("HN-CHUM-005", "Bouchard^Zoélie", "GTV et GG", {"GTV et GG": [(10, 29, 10, 14, 3, 4)]}, 1, 100, 400),
    # Misspelt in the table: the patterns of the manifest find it.
    ("HN-CHUM-006", "Morinville^Guylaine", "GTV 71", {"GTV 70": [(12, 20, 12, 20, 1, 1)]}, 0, "", 2000),
]


def new_file(path, kind, patient, series, modality):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = kind
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    data.is_little_endian, data.is_implicit_VR = True, False
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID, data.SOPInstanceUID = kind, meta.MediaStorageSOPInstanceUID
    data.PatientID, data.PatientName = patient["id"], patient["name"]
    data.PatientBirthDate, data.StudyDate, data.SeriesDate = "19340518", "18850827", "18850828"
    data.InstitutionName, data.ReferringPhysicianName = "Hopital Secret", "Docteur^Caché"
    data.StudyInstanceUID, data.SeriesInstanceUID = patient["study"], series
    data.FrameOfReferenceUID, data.Modality = patient["frame"], modality
    return data


def write_series(folder, patient, series, modality, value_of):
    os.makedirs(folder)
    uids = []
    for z in range(SLICES):
        # Names do not follow the order in space.
        path = os.path.join(folder, f"1-{(7 * z) % SLICES + 1:02d}.dcm")
        data = new_file(path, CT if modality == "CT" else PET, patient, series, modality)
        data.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + THICKNESS * z]
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.PixelSpacing, data.SliceThickness = list(SPACING), THICKNESS
        data.Rows, data.Columns, data.SamplesPerPixel = ROWS, COLUMNS, 1
        data.PhotometricInterpretation = "MONOCHROME2"
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit, data.PixelRepresentation = 15, 1
        data.RescaleIntercept, data.RescaleSlope = -1024, 1
        data.PixelData = (value_of(z) + 1024).astype("<i2").tobytes()
        data.save_as(path, write_like_original=False)
        uids.append(data.SOPInstanceUID)
    return uids


def outline(box, z):
    """The corners of a box of voxels, half a voxel outside their centres."""
    x0, x1, y0, y1 = box[0] - 0.5, box[1] + 0.5, box[2] - 0.5, box[3] + 0.5
    points = []
    for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1)):
        points += [ORIGIN[0] + SPACING[1] * x, ORIGIN[1] + SPACING[0] * y, ORIGIN[2] + THICKNESS * z]
    return points


def write_structures(folder, patient, series, uids, structures):
    os.makedirs(folder)
    path = os.path.join(folder, "1-1.dcm")
    data = new_file(path, STRUCTURES, patient, generate_uid(), "RTSTRUCT")
    image = pydicom.Dataset()
    image.SeriesInstanceUID = series
    study = pydicom.Dataset()
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = "1.2.840.10008.3.1.2.3.1", patient["study"]
    study.RTReferencedSeriesSequence = Sequence([image])
    frame = pydicom.Dataset()
    frame.FrameOfReferenceUID = patient["frame"]
    frame.RTReferencedStudySequence = Sequence([study])
    data.ReferencedFrameOfReferenceSequence = Sequence([frame])
    data.StructureSetLabel = "RTstruct"
    names, drawn = [], []
    for number, (name, boxes) in enumerate(structures.items(), 1):
        item = pydicom.Dataset()
        item.ROINumber, item.ROIName, item.ROIGenerationAlgorithm = number, name, ""
        item.ReferencedFrameOfReferenceUID = patient["frame"]
        names.append(item)
        contours = []
        for box in boxes:
            for z in range(box[4], box[5] + 1):
                contour = pydicom.Dataset()
                contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", 4
                reference = pydicom.Dataset()
                reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CT, uids[z]
                contour.ContourImageSequence = Sequence([reference])
                contour.ContourData = [f"{value:.4f}" for value in outline(box, z)]
                contours.append(contour)
        item = pydicom.Dataset()
        item.ReferencedROINumber, item.ContourSequence = number, Sequence(contours)
        drawn.append(item)
    data.StructureSetROISequence, data.ROIContourSequence = Sequence(names), Sequence(drawn)
    data.save_as(path, write_like_original=False)


def write_dose(folder, patient):
    os.makedirs(folder)
    path = os.path.join(folder, "1-1.dcm")
    new_file(path, DOSE, patient, generate_uid(), "RTDOSE").save_as(path, write_like_original=False)


def write_patient(root, row):
    name, structures = row[1], row[3]
    patient = {"id": row[0], "name": name, "study": generate_uid(), "frame": generate_uid()}
    study = os.path.join(root, row[0], "08-27-1885-NA-PET HEAD NECK-94646")
    draw = np.random.default_rng(int(row[0][-3:]))
    slices = draw.integers(-40, 280, (SLICES, ROWS, COLUMNS))
    series = generate_uid(), generate_uid()
    ct = write_series(os.path.join(study, "3.000000-StandardFull-07232"), patient, series[0], "CT", lambda z: slices[z])
    pet = write_series(os.path.join(study, "1.000000-PET AC 2D-49095"), patient, series[1], "PT", lambda z: slices[z] % 50)
    drawings = {**BODY, **structures}
    write_structures(os.path.join(study, "2.000000-RTstructCTsim-CTPET-CT-53850"), patient, series[0], ct, drawings)
    write_structures(os.path.join(study, "4.000000-RTstructCTsim-PETPET-CT-89245"), patient, series[1], pet, drawings)
    write_dose(os.path.join(study, "5.000000-RTDOSE-11111"), patient)


def write_tables(root):
    dash = "\u2013"
    follow_up = f"Time {dash} diagnosis to last follow-up(days)"
    for hospital in ("HGJ", "CHUS", "HMR", "CHUM"):
        rows = [row for row in PATIENTS if f"-{hospital}-" in row[0]]
        columns = ["Patient #", "Sex", "Distant", f"Time {dash} diagnosis to DM (days)", follow_up]
        values = [[row[0], "F", row[4], row[5], row[6]] for row in rows]
        if hospital == "CHUS":  # another order, and a blank in a name
            columns = [columns[k] for k in (4, 3, 0, 2, 1)]
            columns[0] = f"Time {dash} diagnosis to last follow-up (days)"
            values = [[row[k] for k in (4, 3, 0, 2, 1)] for row in values]
        with open(os.path.join(root, f"INFOclinical_{hospital}.csv"), "w", encoding="utf-8-sig") as file:
            for line in [columns, *values, [""] * 5]:
                file.write(",".join(str(cell) for cell in line) + "\r\n")
        with open(os.path.join(root, f"INFO_GTVcontours_{hospital}.csv"), "w", encoding="utf-8") as file:
            file.write("Patient,Name GTV Primary,Nodes\n")
            for row in rows:
                file.write(f'{row[0]},"{row[2]}",\n')


def joined(row):
    """The structures of the table, and what is the largest number of their voxels in a slice."""
    names = row[2].replace("  ", " ").lower().split(",")
    taken = [name for name in row[3] if name.replace("  ", " ").lower() in names] or ["GTV 70"]
    inside = np.zeros((SLICES, ROWS, COLUMNS), bool)
    for name in taken:
        for x0, x1, y0, y1, z0, z1 in row[3][name]:
            inside[z0 : z1 + 1, y0 : y1 + 1, x0 : x1 + 1] = True
    return " + ".join(taken), inside.sum((1, 2)).max()


def patients_of(path):
    """Rows as in PATIENTS, a box of its own for every name."""
    rows = []
    with open(path, encoding="utf-8") as file:
        for line in csv.DictReader(file):
            names = (line["roi_all"] or line["roi_primary"]).split(",")
            boxes = {name: [(3 * k + 1, 3 * k + 2, 2, 5, 0, 1)] for k, name in enumerate(names)}
            number = f"HN-{line['institution']}-{int(line['row']):03d}"
            event, days = int(line["outcome_Distant"]), line["days_Distant"]
            rows.append((number, f"Name^{number}", line["roi_primary"], boxes, event, days if event else "", days))
    return rows


def main():
    global SLICES, ROWS, COLUMNS, PATIENTS, BODY
    root = sys.argv[1]
    if len(sys.argv) > 2:
        SLICES, ROWS, COLUMNS, BODY = 2, 8, 24, {"BODY": [(0, 23, 0, 7, 0, 1)]}
        PATIENTS = patients_of(sys.argv[2])
    for row in PATIENTS:
        write_patient(os.path.join(root, "Head-Neck-PET-CT"), row)
    write_tables(root)
    with open(os.path.join(root, "expected"), "w", encoding="utf-8") as file:
        for row in PATIENTS:
            names, voxels = joined(row)
            file.write(f"{row[0]}\t{voxels}\t{names}\n")
    with open(os.path.join(root, "secrets"), "w", encoding="utf-8") as file:
        for row in PATIENTS:
            file.write("\n".join(row[1].split("^")) + "\n")
        file.write("19340518\n18850827\n18850828\nSecret\nDocteur\n")


main()
