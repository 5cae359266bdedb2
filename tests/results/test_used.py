"""An output folder knows which artifacts it refers to."""

import pytest

from ltmlbench.errors import DataError
from ltmlbench.results.used import used_by

A, B, C, D = (letter * 64 for letter in "abcd")


def test_it_is_what_its_runs_were_made_of(folder, make_run):
    folder.command(make_run("ib", "fold 1", identity=A, model=B, inputs=(C,)))
    used = used_by(folder.out)
    assert used.identities == {A, B, C}
    assert not used.whole


def test_what_commands_laid_out_counts_although_it_is_not_done(folder, make_run):
    folder.command(make_run("ib", "fold 1", identity=A))
    folder.out.note_uses([B])
    folder.out.note_uses([C, B])
    used = used_by(folder.out)
    assert used.identities == {A, B, C}
    assert used.whole


def test_a_record_that_cannot_be_read_may_refer_to_anything(folder, make_run):
    folder.command(make_run("ib", "fold 1", identity=A))
    (folder.out.run_folder("ib-net-fold_1-s0-abcd") / "run.json").write_text("{")
    with pytest.raises(DataError, match=r"run\.json"):
        used_by(folder.out)
