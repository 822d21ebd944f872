"""Checkpoint files are whole or not there, are read with their checksums, and keep within a budget."""

from itertools import pairwise

import pytest

from sturgeon.errors import InputError
from sturgeon.panda.kept.checkpoint_files import CheckpointFiles, to_thin_out
from sturgeon.panda.kept.tree import Checkpoint, Position


def checkpoint(number, epoch, *, trial=0, why="epoch", value=None, size=10):
    return Checkpoint(number, trial, Position(epoch, epoch), {}, f"checkpoint-{number}", "", size, why, value)


def test_a_file_that_was_changed_or_cut_off_is_not_read(tmp_path):
    files = CheckpointFiles(tmp_path)
    written = files.write("checkpoint-1.npz", lambda path: path.write_bytes(b"0123456789"))
    made = Checkpoint(1, 0, Position(), {}, written.name, written.sha256, written.size, "asked")
    assert files.verified(made).read_bytes() == b"0123456789"
    for damage in (b"0123456788", b"01234"):
        (tmp_path / written.name).write_bytes(damage)
        with pytest.raises(InputError, match="changed or cut off"):
            files.verified(made)
    files.remove(made)
    with pytest.raises(InputError, match="cannot be read"):
        files.verified(made)


def test_a_write_that_fails_leaves_no_file(tmp_path):
    def fail(path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        CheckpointFiles(tmp_path).write("checkpoint-1.npz", fail)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    for name in ("checkpoint-1", "checkpoint-2", ".checkpoint-3.part", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    CheckpointFiles(tmp_path).remove_strays([checkpoint(1, 0)])
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint-1", "notes.txt"}


def test_what_people_asked_for_what_branches_need_and_both_ends_are_never_thinned_out():
    kept = [
        checkpoint(1, 0, why="begin"), checkpoint(2, 1), checkpoint(3, 2, why="asked"), checkpoint(4, 3),
        checkpoint(5, 4, value=0.1), checkpoint(6, 5, value=0.5), checkpoint(7, 6),
    ]  # fmt: skip
    gone = to_thin_out(kept, {4}, bytes_allowed=0)
    assert {one.number for one in gone} == {2, 6}


def test_older_checkpoints_end_up_further_apart_than_later_ones():
    kept = [checkpoint(number, number) for number in range(1, 101)]
    gone = {one.number for one in to_thin_out(kept, set(), bytes_allowed=200)}
    left = [number for number in range(1, 101) if number not in gone]
    gaps = [after - before for before, after in pairwise(left)]
    assert len(left) == 20
    assert gaps[-1] <= 2 < gaps[0]
    assert sum(gaps[:5]) > sum(gaps[-5:]) * 3
