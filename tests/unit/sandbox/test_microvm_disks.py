"""The disks of a machine, and the image's parts, without a machine."""

import io
import os
import struct
import tempfile
from pathlib import Path

import pytest

from pratique.core.errors import ChangedError, UsageError
from pratique.core.limits import MiB
from pratique.sandbox.jail.interpreter import Interpreter
from pratique.sandbox.microvm import image
from pratique.sandbox.microvm.archive import cpio
from pratique.sandbox.microvm.disks import LARGE, hole, pack
from pratique.sandbox.microvm.erofs import DEVICES_MOST, Tree
from pratique.sandbox.microvm.machine import (
    BASE,
    DISKS,
    LARGE_FILES,
    OVERHEAD,
    STEP,
    Accelerator,
    Machine,
    plugged,
)
from pratique.sandbox.port import Mount

MAGIC = 0xE0F5E1E2
OWN = Interpreter(Path("/usr/bin/python3.11"), (3, 11, 2), ())


def written(tree: Tree) -> bytes:
    with tempfile.TemporaryFile() as file:
        size = tree.write(file.fileno())
        file.seek(0)
        body = file.read()
    assert len(body) == size
    return body


def a_tree(folder: Path) -> Tree:
    tree = Tree()
    tree.host_tree("/model", folder)
    tree.file("/etc/motd", b"hello")
    tree.link("/bin", "usr/bin")
    return tree


def test_the_same_tree_gives_the_same_bytes_whenever_it_was_made(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).write_text(name * 5000)
    first = written(a_tree(tmp_path))
    os.utime(tmp_path / "a", (1, 1))
    assert written(a_tree(tmp_path)) == first
    assert struct.unpack_from("<I", first, 1024) == (MAGIC,)


def test_times_are_kept_where_byte_code_depends_on_them(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    images = []
    for stamp in (1, 2):
        os.utime(tmp_path / "a", (stamp, stamp))
        tree = Tree(times=True)
        tree.host_tree("/", tmp_path)
        images.append(written(tree))
    assert images[0] != images[1]


def test_a_large_file_is_not_copied(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(64 * MiB + 3)
    tree = Tree()
    tree.host_file("/large", tmp_path / "large", alone=True)
    assert tree.devices == [tmp_path / "large"]
    assert len(written(tree)) < MiB


def test_more_devices_than_an_image_can_name_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2 * MiB)
    tree = Tree()
    for number in range(DEVICES_MOST):
        tree.host_file(f"/{number}", tmp_path / "large", alone=True)
    with pytest.raises(UsageError):
        tree.host_file("/more", tmp_path / "large", alone=True)


def test_a_file_that_becomes_shorter_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(9000))
    tree = Tree()
    tree.host_file("/a", tmp_path / "a")
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(ChangedError, match="shorter"):
        written(tree)


def test_the_largest_files_get_disks_and_all_are_read_only(tmp_path: Path) -> None:
    for number in range(LARGE_FILES + 2):
        with (tmp_path / f"{number}").open("wb") as file:
            file.truncate(LARGE + number)
    disks = pack((Mount(tmp_path, "/model"),), OWN, tmp_path / "cache")
    try:
        sizes = {n: os.fstat(fd).st_size for n, fd in disks.fds.items() if n.startswith("f")}
        assert sorted(sizes.values()) == [LARGE + n for n in range(2, LARGE_FILES + 2)]
        for fd in disks.fds.values():
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.write(fd, b"x")
    finally:
        disks.close()


def test_an_environment_is_packed_once_and_again_when_it_changes(tmp_path: Path) -> None:
    env, cache = tmp_path / "env", tmp_path / "cache"
    packages = env / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "a.py").write_text("1")
    own = Interpreter(env / "bin/python", (3, 11, 2), (env,))
    seen = []
    for name in ("", "", "b.py"):
        if name:
            (packages / name).write_text("2")
        disks = pack((), own, cache)
        seen.append(os.fstat(disks.fds["env"]).st_ino)
        disks.close()
    assert seen[0] == seen[1] != seen[2]


def test_a_disk_that_no_job_has_filled_is_larger_than_any() -> None:
    fd = hole()
    try:
        assert os.fstat(fd).st_size >= 1 << 33
        assert os.fstat(fd).st_blocks == 0
    finally:
        os.close(fd)


def test_the_first_ram_disk_is_the_same_whatever_the_order() -> None:
    files = {"init": (b"#!", 0o755), "m/a.ko": (b"abc", 0o644)}
    body = cpio(("m",), files)
    assert body == cpio(("m",), dict(reversed(files.items())))
    assert body.startswith(b"070701")
    assert len(body) % 4 == 0
    assert io.BytesIO(body).read().count(b"TRAILER!!!") == 1


def test_the_machine_has_no_way_out() -> None:
    machine = Machine("/usr/bin/qemu-system-x86_64", "7.2", Accelerator.TCG)
    arguments = machine.arguments(incoming=True)
    words = " ".join(arguments)
    assert {"-nodefaults", "-no-user-config"} <= set(arguments)
    assert not {"-net", "-netdev", "-nic", "-serial", "-vnc", "-spice", "-virtfs"} & set(arguments)
    assert "spawn=deny" in words
    for way in ("virtio-net", "9p", "virtiofs", "vsock", "exec:", "isa-serial"):
        assert way not in words
    assert words.count("read-only=on") == len(DISKS)


@pytest.mark.parametrize("memory", [1, BASE, BASE + 1, 8 << 30])
def test_memory_is_plugged_in_by_whole_sections(memory: int) -> None:
    more = plugged(memory)
    assert more % STEP == 0
    assert BASE + more >= memory + OVERHEAD or more == 0


def test_a_snapshot_belongs_to_one_image_one_qemu_and_one_accelerator() -> None:
    machine = Machine("/usr/bin/qemu-system-x86_64", "7.2", Accelerator.TCG)
    other = Machine("/usr/bin/qemu-system-x86_64", "8.0", Accelerator.TCG)
    kinds = [machine, other, machine.under(Accelerator.KVM)]
    assert len({m.key(i) for m in kinds for i in ("a", "b")}) == 6


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "guest": 3, "files": {}}', "{"])
def test_a_damaged_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "manifest.json").write_text(text)
    with pytest.raises(image.ImageError) as caught:
        image.find(tmp_path)
    assert "pratique microvm build" in caught.value.hint()
