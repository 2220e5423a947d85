# SPDX-License-Identifier: MIT
"""The guest: Debian's stock kernel, fetched once, and an initramfs made from the build folder."""
import lzma
import os
import pathlib
import re
import shutil
import subprocess

import packages
from console import Failure, Step
from paths import CACHE, TOP

APPLETS = ["sh", "cat", "chmod", "cp", "cut", "date", "dd", "dmesg", "echo", "env", "false", "find",
           "grep", "head", "hexdump", "kill", "killall", "ls", "md5sum", "mkdir", "mount", "mv", "od",
           "pidof", "ps", "rm", "sed", "sha256sum", "sleep", "sort", "tail", "tee", "test", "time",
           "top", "tr", "true", "uname", "uptime", "wc", "xargs"]
MODULE_LISTS = [TOP / "kernel/guest" / name for name in ("modules.list", "test_modules.list")]


def _kernel_package():
    """The name of the package that linux-image-amd64 stands for now."""
    done = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], capture_output=True, text=True)
    found = re.search(r"Depends: (linux-image-\S+)", done.stdout)
    if found is None:
        packages.update()
        done = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], capture_output=True, text=True)
        found = re.search(r"Depends: (linux-image-\S+)", done.stdout)
    if found is None:
        raise Failure("Debian's package linux-image-amd64 is not to be found; is this Debian 12 on amd64?")
    return found.group(1)


def _download(package, folder):
    command = ["apt-get", "-q", "download", package]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        packages.update()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"cannot download {package}:\n{done.stderr}")
    return next(folder.glob(f"{package}_*.deb"))


def _unpack_vmlinux(bzimage):
    """The ELF image inside a bzImage: it boots without unpacking itself under emulation."""
    data = bzimage.read_bytes()
    at = data.find(b"\xfd7zXZ\x00")
    while at >= 0:
        try:
            image = lzma.LZMADecompressor().decompress(data[at:])
            if image.startswith(b"\x7fELF"):
                return image
        except lzma.LZMAError:
            pass
        at = data.find(b"\xfd7zXZ\x00", at + 1)
    raise Failure(f"{bzimage} holds no xz-compressed vmlinux")


def _modules():
    """What init loads, and what only tests load."""
    return [name for file in MODULE_LISTS for name in file.read_text().split()]


def kernel():
    """The folder with `vmlinux` and the modules of kernel/guest."""
    wanted = _modules()
    ready = sorted(CACHE.glob("linux-image-*/complete"))
    for mark in reversed(ready):
        if all((mark.parent / f"{name}.ko").exists() for name in wanted):
            return mark.parent
    package = _kernel_package()
    folder = CACHE / package
    work = CACHE / f"{package}.part{os.getpid()}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        with Step(f"fetching the guest's kernel ({package}, about 70 MB)"):
            deb = _download(package, work)
        with Step("unpacking the kernel"):
            subprocess.run(["dpkg-deb", "-x", str(deb), str(work / "root")], check=True)
            (work / "vmlinux").write_bytes(_unpack_vmlinux(next((work / "root/boot").glob("vmlinuz-*"))))
            for name in wanted:
                found = next((work / "root/lib/modules").rglob(f"{name}.ko"), None)
                if found is None:
                    raise Failure(f"{package} has no module {name}")
                shutil.copy(found, work / f"{name}.ko")
            shutil.rmtree(work / "root")
            deb.unlink()
            (work / "complete").touch()
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def module_tables():
    """The folder with the kernel's modules.alias and its depmod's tables for libkmod, which know the aliases but no
    modules. Made on first use, from the package; kept with the kernel."""
    packages.ensure(["kmod"])
    folder = kernel()
    done = folder / "aliases"
    if not (done / "modules.alias").exists():
        version = folder.name.removeprefix("linux-image-")
        work = folder / f"aliases.part{os.getpid()}"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            with Step(f"fetching {folder.name} for its modules.alias (about 70 MB)"):
                deb = _download(folder.name, work)
            with Step("making the tables of its modules"):
                tables = _make_tables(deb, work, version)
            shutil.rmtree(done, ignore_errors=True)
            tables.rename(done)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return done


def _depmod(root, version):
    done = subprocess.run(["/sbin/depmod", "-b", str(root), version], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"depmod failed:\n{done.stderr}")
    return root / "lib/modules" / version


def _make_tables(deb, work, version):
    subprocess.run(["dpkg-deb", "-x", str(deb), str(work / "root")], check=True)
    modules = _depmod(work / "root", version)
    tables = work / "empty/lib/modules" / version
    tables.mkdir(parents=True)
    for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        (tables / name).touch()
    _depmod(work / "empty", version)
    for name in ("modules.alias", "modules.alias.bin"):
        shutil.copy(modules / name, tables)
    return tables


def _libraries(program):
    done = subprocess.run(["ldd", str(program)], capture_output=True, text=True)
    return [pathlib.Path(p) for p in re.findall(r"(/\S+\.so\S*)", done.stdout)]


def _install(source, target, strip=False):
    target.parent.mkdir(parents=True, exist_ok=True)
    if strip:
        subprocess.run(["strip", "--strip-debug", "-o", str(target), str(source)], check=True)
    else:
        shutil.copy(source, target)
    target.chmod(0o755)


def _fill(root, build, board, modules):
    """Lays out the guest's root folder."""
    programs = [build / "bin" / name for name in ("devmgr", "driver_host", "jacinth")]
    programs += [p for p in sorted((build / "tests/guest").glob("*")) if p.is_file()]
    for program in programs:
        _install(program, root / "bin" / program.name, strip=True)
        for library in _libraries(program):
            if not (root / str(library)[1:]).exists():
                _install(library.resolve(), root / str(library)[1:])
    _install(build / "bin/guest_init", root / "init", strip=True)
    _install("/bin/busybox", root / "bin/busybox")
    for applet in APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    for folder in ("drivers", "test_drivers"):
        (root / "lib" / folder).mkdir(parents=True, exist_ok=True)
        for driver in sorted((build / "lib" / folder).glob("*.so")):
            _install(driver, root / "lib" / folder / driver.name, strip=True)
    (root / "etc").mkdir(exist_ok=True)
    shutil.copy(board, root / "etc/board.yaml")
    shutil.copy(TOP / "kernel/guest/modules.list", root / "etc/modules.list")
    (root / "lib/modules").mkdir(exist_ok=True)
    for name in _modules():
        shutil.copy(modules / f"{name}.ko", root / "lib/modules")
    for name in ("dev", "proc", "sys", "run", "tmp"):
        (root / name).mkdir(exist_ok=True)


def _inputs(build, board, modules):
    yield board
    yield modules / "complete"
    yield pathlib.Path(__file__)
    yield from MODULE_LISTS
    for pattern in ("bin/*", "lib/drivers/*.so", "lib/test_drivers/*.so", "tests/guest/*"):
        yield from build.glob(pattern)


def initramfs(build, board, modules):
    """Makes <build>/guest/<board>.cpio if anything in it is newer."""
    image = build / "guest" / f"{board.stem}.cpio"
    newest = max(path.stat().st_mtime_ns for path in _inputs(build, board, modules))
    if image.exists() and image.stat().st_mtime_ns > newest:
        return image
    root = build / "guest" / f"{board.stem}.root"
    with Step("making the guest image"):
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        _fill(root, build, board, modules)
        names = subprocess.run(["find", ".", "-print0"], cwd=root, capture_output=True, check=True).stdout
        packed = subprocess.run(["cpio", "--null", "-o", "-H", "newc", "-R", "0:0", "--quiet"], cwd=root,
                                input=names, capture_output=True, check=True).stdout
        part = image.with_suffix(".part")
        part.write_bytes(packed)
        part.rename(image)
    return image
