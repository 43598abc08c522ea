"""Files: readable without this project."""

import tracemalloc

import numpy as np
import pytest

from mmer.ragged import Ragged, read_ragged, write_ragged


def test_several_speakers_are_read_as_one_item_by_item(tmp_path):
    parts = [np.full((rows, 4, 4), rows, np.uint8) for rows in (1, 2, 3)]
    for path, items, of in (("a", ["a1", "a2"], parts[:2]), ("b", ["b1"], parts[2:])):
        write_ragged(tmp_path / path, Ragged.join(items, of, 30))
    joined = read_ragged([tmp_path / "a", tmp_path / "b"])
    assert joined.items == ("a1", "a2", "b1") and joined.rate == 30
    assert joined.offsets.tolist() == [0, 1, 3, 6]
    assert all((joined.of(index) == part).all() for index, part in enumerate(parts))
    with np.load(tmp_path / "a", allow_pickle=False) as archive:  # plain NumPy
        assert sorted(archive) == ["items", "offsets", "rate", "values"]


def test_when_an_items_first_row_is_stays_with_the_item(tmp_path):
    parts = [np.zeros((rows, 2)) for rows in (1, 2)]
    write_ragged(tmp_path / "a", Ragged.join(["a1", "a2"], parts, 30, [0.25, -0.5]))
    write_ragged(tmp_path / "b", Ragged.join(["b1"], parts[:1], 30))
    joined = read_ragged([tmp_path / "a", tmp_path / "b"])
    assert [joined.start_s(index) for index in range(3)] == [0.25, -0.5, 0.0]
    assert joined.only(["b1", "a2"]).starts.tolist() == [0.0, -0.5]
    with np.load(tmp_path / "a", allow_pickle=False) as archive:  # plain NumPy
        assert archive["starts"].tolist() == [0.25, -0.5]


def test_joining_many_files_holds_the_whole_and_one_file_in_memory(tmp_path):
    block = np.zeros((500, 48, 48), np.uint8)
    paths = [tmp_path / f"{number}.npz" for number in range(8)]
    for number, path in enumerate(paths):
        items = [f"{number}_{row}" for row in range(500)]
        write_ragged(path, Ragged(tuple(items), block + number, np.arange(501), 1))
    tracemalloc.start()
    try:
        joined = read_ragged(paths)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [joined.of(500 * number)[0, 0, 0] for number in range(8)] == list(range(8))
    assert peak < 1.5 * joined.values.nbytes


def test_files_of_different_rates_are_no_whole(tmp_path):
    for name, rate in [("a", 25), ("b", 30)]:
        write_ragged(tmp_path / name, Ragged.join([name], [np.arange(3)], rate))
    with pytest.raises(AssertionError, match="different rates"):
        read_ragged([tmp_path / "a", tmp_path / "b"])
