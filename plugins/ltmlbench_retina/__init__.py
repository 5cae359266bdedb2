"""Retinal data sets: ODIR-5K with its metrics, RFMiD, MuReD, BRSET, simulated fundus photographs,
and the sets of diabetic retinopathy to pre-train on."""

from __future__ import annotations

from ltmlbench.plugin import Record, hookimpl

_CHALLENGE = "ODIR-2019 challenge evaluation script (Shanggong Medical Technology, July 2019)"


@hookimpl
def ltmlbench_datasets() -> list[Record]:
    return [
        Record(
            "fundus-sim",
            "ltmlbench_retina.fundus_sim:FundusSim",
            "SIMULATED fundus photographs with lesions; made on the fly, needs no folder",
            embedded=True,
        ),
        Record(
            "odir5k",
            "ltmlbench_retina.odir:Odir5k",
            "ODIR-5K: fundus photographs of both eyes, 8 labels per eye from the keywords",
            citation="ODIR-2019, Peking University; Li et al., OIA-ODIR, arXiv:2102.07978",
        ),
        Record(
            "rfmid",
            "ltmlbench_retina.rfmid:RfMid",
            "RFMiD: 3,200 fundus photographs, 45 findings with a very long tail",
            citation="Pachade et al., Retinal Fundus Multi-Disease Image Dataset, Data 6(2), 2021",
        ),
        Record(
            "rfmid2",
            "ltmlbench_retina.rfmid:RfMid2",
            "RFMiD 2.0: about 860 fundus photographs of frequent and rare findings",
            citation="Panchal et al., Retinal Fundus Multi-Disease Image Dataset 2.0, Data 8(2), "
            "2023",
        ),
        Record(
            "mured",
            "ltmlbench_retina.mured:MuReD",
            "MuReD: 2,208 fundus photographs of RFMiD, ARIA and STARE, 20 labels",
            citation="Rodríguez et al., Multi-label retinal disease classification using "
            "transformers, IEEE JBHI 2023",
        ),
        Record(
            "brset",
            "ltmlbench_retina.brset:Brset",
            "BRSET: fundus photographs of Brazilian patients, 13 labels",
            citation="Nakayama et al., BRSET: A Brazilian Multilabel Ophthalmological Dataset, "
            "PhysioNet and PLOS Digital Health 2024",
        ),
        Record(
            "idrid",
            "ltmlbench_retina.idrid:Idrid",
            "IDRiD: lesion masks and grades of diabetic retinopathy, to pre-train on (--source)",
            citation="Porwal et al., Indian Diabetic Retinopathy Image Dataset, Data 2018",
        ),
        Record(
            "ddr",
            "ltmlbench_retina.ddr:Ddr",
            "DDR: grades, and lesion masks of some photographs, to pre-train on (--source)",
            citation="Li et al., Diagnostic assessment of deep learning algorithms for diabetic "
            "retinopathy screening, Information Sciences 501, 2019",
        ),
        Record(
            "fgadr",
            "ltmlbench_retina.fgadr:Fgadr",
            "FGADR: lesion masks and grades of the same photographs, to pre-train on (--source)",
            citation="Zhou et al., A benchmark for studying diabetic retinopathy: segmentation, "
            "grading, and transferability, IEEE TMI 40(3), 2021",
        ),
        Record(
            "eyepacs",
            "ltmlbench_retina.dr_grades:EyePacs",
            "EyePACS: grades of both eyes of many patients, to pre-train on (--source)",
            citation="Kaggle, Diabetic Retinopathy Detection, 2015",
        ),
        Record(
            "aptos",
            "ltmlbench_retina.dr_grades:Aptos",
            "APTOS 2019: grades, to pre-train on (--source)",
            citation="Kaggle, APTOS 2019 Blindness Detection, 2019",
        ),
    ]


@hookimpl
def ltmlbench_metrics() -> list[Record]:
    return [
        Record(
            "odir_kappa",
            "ltmlbench_retina.odir_metrics:OdirKappa",
            "Cohen's kappa of all N×C decisions, flattened",
            citation=_CHALLENGE,
            formula="(p_o − p_e) / (1 − p_e) of the N×C decisions at 0.5, flattened",
            checked="values of the challenge's script, to 1e-5 (tests/golden/odir_metric.npz)",
        ),
        Record(
            "odir_f1_micro",
            "ltmlbench_retina.odir_metrics:OdirF1Micro",
            "the challenge's 'F1': flat accuracy of all N×C decisions, not a positive-class F1",
            citation=_CHALLENGE,
            formula="(TP + TN) / NC at 0.5",
            checked="values of the challenge's script, to 1e-5 (tests/golden/odir_metric.npz)",
        ),
        Record(
            "odir_auc",
            "ltmlbench_retina.odir_metrics:OdirAUC",
            "ROC AUC of all N×C scores, flattened",
            citation=_CHALLENGE,
            formula="P(score of a positive > of a negative) of the N×C scores, ties half",
            checked="values of the challenge's script, to 1e-5 (tests/golden/odir_metric.npz)",
        ),
        Record(
            "odir_final",
            "ltmlbench_retina.odir_metrics:OdirFinal",
            "mean of the challenge's kappa, 'F1' and AUC",
            citation=_CHALLENGE,
            formula="(kappa + F1 + AUC) / 3",
            checked="values of the challenge's script, to 1e-5 (tests/golden/odir_metric.npz)",
        ),
    ]
