"""A checkpoint file gives back what was written bit by bit, or says that it cannot."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sturgeon.caviar.checkpoints import Checkpoints, load_checkpoint, save_checkpoint
from sturgeon.caviar.lanes.backend import LaneCheckpoint
from sturgeon.errors import InputError

arrays = hnp.arrays(
    st.sampled_from([np.float32, np.int32, np.uint32, np.bool_, np.float64]), hnp.array_shapes(min_dims=0)
)
shared_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)


@shared_folder
@given(leaves=st.lists(arrays, max_size=12), halves=st.lists(st.floats(width=16), max_size=5))
def test_what_is_read_is_what_was_written(leaves, halves, tmp_path):
    bfloats = np.asarray(jnp.asarray(halves, jnp.bfloat16))
    written = LaneCheckpoint(7, (*leaves, bfloats, np.array(bfloats.sum(dtype=bfloats.dtype))))
    save_checkpoint(tmp_path / "file", written)
    read = load_checkpoint(tmp_path / "file")
    assert read.epoch == 7
    assert len(read.leaves) == len(written.leaves)
    for one, other in zip(read.leaves, written.leaves, strict=True):
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "file"
    leaves = (np.arange(6, dtype=np.float32).reshape(2, 3), np.array(3))
    save_checkpoint(path, LaneCheckpoint(2, leaves))
    return path.read_bytes()


def read_or_none(path):
    try:
        return load_checkpoint(path)
    except InputError:
        return None


@settings(shared_folder, max_examples=150)
@given(data=st.data())
def test_a_changed_file_is_refused_or_gives_the_same(data, content, tmp_path):
    (tmp_path / "whole").write_bytes(content)
    written = load_checkpoint(tmp_path / "whole")
    place = data.draw(st.integers(0, len(content) - 1))
    change = data.draw(st.integers(1, 255))
    changed = bytes([*content[:place], content[place] ^ change, *content[place + 1 :]])
    (tmp_path / "changed").write_bytes(changed)
    read = read_or_none(tmp_path / "changed")
    if read is not None:  # a change in what nobody reads, such as a time
        assert read.epoch == written.epoch
        assert [leaf.tolist() for leaf in read.leaves] == [leaf.tolist() for leaf in written.leaves]


@settings(shared_folder, max_examples=60)
@given(data=st.data())
def test_a_file_that_was_cut_off_is_refused(data, content, tmp_path):
    (tmp_path / "cut").write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(InputError, match="begins anew"):
        load_checkpoint(tmp_path / "cut")


@shared_folder
@given(anything=st.binary(max_size=300))
def test_anything_else_is_refused(anything, tmp_path):
    (tmp_path / "other").write_bytes(anything)
    with pytest.raises(InputError) as refused:
        load_checkpoint(tmp_path / "other")
    assert "\n" not in str(refused.value)


def test_files_of_numpy_that_are_no_checkpoints_are_refused(tmp_path):
    np.save(tmp_path / "one.npy", np.ones(3))
    np.savez(tmp_path / "several.npz", a=np.ones(3))
    np.savez(tmp_path / "pickled.npz", epoch=1, kinds=np.array(["object"]), **{"0": np.array([{}])})
    for name in ("one.npy", "several.npz", "pickled.npz", "none.npz"):
        with pytest.raises(InputError):
            load_checkpoint(tmp_path / name)


def test_a_folder_keeps_the_latest_of_each_trial(tmp_path):
    checkpoints = Checkpoints(tmp_path / "new" / "folder")
    checkpoints.forget(3)
    for number, epoch in ((1, 2), (11, 4), (1, 5)):
        path = checkpoints.save(number, LaneCheckpoint(epoch, (np.array(number),)))
        assert load_checkpoint(path).epoch == epoch
    assert len(list(checkpoints.folder.iterdir())) == 2
    checkpoints.forget(1)
    (left,) = checkpoints.folder.iterdir()
    assert load_checkpoint(left).leaves[0] == 11
