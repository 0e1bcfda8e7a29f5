"""Reports that are not this programme's: no lane, and a name for what is dangerous in them."""

import pytest

from soar2.dictation.reading import read_report

# report, dangers named
QUIET = [
    ("L4-L5: Broad-based disc bulge with severe central canal stenosis and crowding of the cauda equina.", ()),
    ("C5-C6: Disc osteophyte complex flattening the ventral cord without signal change.", ()),
    ("C5-C6 disc extrusion contacts the cord.", ()),
    ("C5-C6: disc protrusion indents the ventral thecal sac and abuts the cord.", ()),
    ("Multilevel degenerative disc disease. No cord compression. No suspicious osseous lesion.", ()),
    ("Acute T12 compression fracture with 30% height loss, no retropulsion. No canal stenosis.", ()),
    ("Acute osteoporotic compression fracture of L1 with retropulsion, mild canal narrowing.", ()),
    ("Chronic wedge deformity of T11. No acute fracture.", ()),
    ("Discitis osteomyelitis at L3-L4 with epidural abscess compressing the thecal sac.", ("infection", "abscess")),
    ("Epidural abscess T4-T8 with severe cord compression.", ("abscess", "compression")),
    ("Epidural hematoma at T10 compressing the cord after epidural catheter.", ("haematoma", "compression")),
    ("Meningioma at T6 compressing the cord.", ("primary_or_benign_tumour",)),
    ("Schwannoma at L3.", ()),
    ("Typical hemangioma in L2. No suspicious lesion.", ()),
    ("Epidural lipomatosis at L4-S1 with thecal sac narrowing.", ()),
    ("Tarlov cysts at S2. Facet arthropathy L4-5.", ()),
    ("Transverse myelitis T4-T6 with cord signal abnormality.", ()),
    ("Multiple sclerosis plaques in the cervical cord at C3.", ()),
    ("Post laminectomy L4-5 with enhancing epidural scar tissue, no recurrent disc.", ()),
    ("Synovial cyst at L4-5 compressing the thecal sac.", ()),
    ("Ossification of the posterior longitudinal ligament with severe cord compression at C4.", ("compression",)),
    ("Burst fracture L1 with retropulsed fragment and severe canal compromise.", ()),
    ("Fracture dislocation at T12-L1 with cord transection.", ("unstable_fracture",)),
    ("Modic type 1 endplate changes at L5-S1.", ()),
    ("Schmorl's nodes. Bone island in L3. Diffuse heterogeneous marrow, red marrow reconversion.", ()),
    ("Small T2 hyperintense lesion in L2 compatible with hemangioma.", ()),
    ("Mild anterolisthesis of L4 on L5, degenerative.", ()),
    ("The conus terminates at L1. The cauda equina is unremarkable. No epidural collection.", ()),
    ("S-shaped scoliosis. Renal cysts. Incidental liver lesion.", ()),
    ("Arachnoid cyst displacing the cord at T7.", ()),
    ("History of lung cancer. No evidence of metastatic disease. No epidural mass or cord compression.", ()),
    ("INDICATION: Cauda equina syndrome? Rule out cord compression.\nFINDINGS: L5-S1 disc protrusion.\nIMPRESSION: No cauda equina compression.", ()),
    ("CLINICAL: Known prostate cancer, ?cord compression\nFINDINGS: No marrow lesion. No cord compression.\nIMPRESSION: No evidence of metastatic cord compression.", ()),
    ("No acute fracture, subluxation or epidural hematoma.", ()),
    ("Tuberculous spondylitis at T9-T10 with paravertebral abscess and cord compression.", ("infection", "abscess", "compression")),
    ("Epidural phlegmon at L2.", ("abscess",)),
    ("Syrinx from C5 to T2.", ()),
    ("Insufficiency fractures of the sacrum.", ()),
    ("Left paracentral disc extrusion at T7-T8 compresses the cord with cord edema.", ("compression",)),
    ("There is no metastasis, no epidural mass, and no cord compression.", ()),
    ("Spinal cord: normal in caliber and signal. Epidural space: unremarkable.", ()),
    ("No mass lesion. No abnormal enhancement. No leptomeningeal disease.", ()),
    ("Vertebral bodies show no evidence of metastatic disease.", ()),
    ("Negative for metastatic disease, cord compression or fracture.", ()),
    ("No focal marrow lesion to suggest metastasis.", ()),
    ("No lesion suspicious for metastasis.", ()),
    ("No MRI evidence of malignant cord compression.", ()),
    ("Patient with breast cancer. Vertebral marrow signal is normal without evidence of metastases.", ()),
    ("Mild spinal canal narrowing at L3-4. Foraminal narrowing at L4-5 with contact of the exiting nerve root.", ()),
    ("Large central disc herniation compressing the cauda equina at L4-L5.", ("compression",)),
    ("Disc sequestration in the epidural space at L5 mimics a mass.", ()),
    ("Gunshot injury with fragment in the canal at T6 compressing the cord.", ("compression",)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "outside"), QUIET)
def test_other_causes_get_no_lane(text, outside):
    reading = read_report(text)
    assert (reading.lane, reading.levels) == ("none", ())
    assert set(reading.outside) == set(outside)
    assert reading.review is bool(outside)
