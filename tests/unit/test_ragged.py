"""Files: readable without this project."""

import numpy as np

from mmer.ragged import Ragged, read_ragged, write_ragged


def test_ragged_rows_come_back_per_item(tmp_path):
    parts = [np.array([1, 2, 3], np.int16), np.array([4], np.int16)]
    write_ragged(tmp_path / "a.npz", Ragged.join(["a", "b"], parts, 16000))
    back = read_ragged([tmp_path / "a.npz"])
    assert back.items == ("a", "b")
    assert back.of(0).tolist() == [1, 2, 3]
    assert back.of(1).tolist() == [4]
    assert back.rate == 16000


def test_several_speakers_are_read_as_one(tmp_path):
    for name, length in [("a", 2), ("b", 3)]:
        ragged = Ragged.join([name], [np.full((length, 4, 4), length, np.uint8)], 30)
        write_ragged(tmp_path / f"{name}.npz", ragged)
    joined = read_ragged([tmp_path / "a.npz", tmp_path / "b.npz"])
    assert joined.items == ("a", "b")
    assert joined.offsets.tolist() == [0, 2, 5]
    assert joined.of(1).shape == (3, 4, 4)
    assert (joined.of(1) == 3).all()


def test_the_file_is_plain_numpy(tmp_path):
    write_ragged(tmp_path / "a.npz", Ragged.join(["a"], [np.arange(3)], 1))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert sorted(archive) == ["items", "offsets", "rate", "values"]
