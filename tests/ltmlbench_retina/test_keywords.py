"""Keywords of one eye to its labels."""

import pytest

from ltmlbench_retina.keywords import has_quality_remark, labels_of


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("normal fundus", "N"),
        ("Normal Fundus", "N"),
        ("cataract", "C"),
        ("moderate non proliferative retinopathy", "D"),
        ("mild nonproliferative retinopathy", "D"),
        ("severe proliferative diabetic retinopathy", "D"),
        ("diabetic retinopathy", "D"),
        ("hypertensive retinopathy", "H"),
        ("suspected glaucoma", "G"),
        ("dry age-related macular degeneration", "A"),
        ("wet age-related macular degeneration", "A"),
        ("pathological myopia", "M"),
        ("myopic retinopathy", "M"),
        ("myopia retinopathy", "M"),
        ("refractive media opacity", "O"),
        ("drusen", "O"),
        ("maculopathy", "O"),
        ("laser spot", "O"),
        ("epiretinal membrane", "O"),
        # several, by either comma, with blanks and capitals
        ("laser spot，moderate non proliferative retinopathy", "DO"),
        ("cataract, Glaucoma ，drusen", "CGO"),
        ("hypertensive retinopathy，diabetic retinopathy", "DH"),
        # N stays only if nothing else is found
        ("normal fundus，drusen", "O"),
        # remarks on the photograph say nothing about the eye
        ("lens dust，normal fundus", "N"),
        ("low image quality，cataract", "C"),
        ("lens dust", ""),
        ("low image quality", ""),
        ("optic disk photographically invisible", ""),
        ("image offset", ""),
        ("anterior segment image", ""),
        ("no fundus image", ""),
        ("", ""),
        # as copies of the sheet write them
        ("drusen；cataract;Glaucoma|hypertensive retinopathy\nmyopia", "CGHMO"),
        ("Normal Fundus. ", "N"),
        ("normal\xa0fundus,,", "N"),
        ("cataract, -, 0, ?", "C"),
        # what would count as O, were it a keyword
        ("nan", ""),
        ("N/A", ""),
        ("=A2", ""),
        ("#NAME?", ""),
        ("7", ""),
        ("青光眼", ""),
        ("drusen\ufffdcataract", ""),
    ],
)
def test_the_labels_of_an_eye_follow_from_its_keywords(text, labels):
    assert labels_of(text) == frozenset(labels)


def test_remarks_on_the_photograph_are_noticed():
    assert has_quality_remark("drusen，Lens Dust")
    assert not has_quality_remark("drusen")
