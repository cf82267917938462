"""Compiles the library into the wheel, by `cc` or what CC names: it needs no header of Python's and suits every 3.x."""

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FLAGS = ("-O3", "-std=c11", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra")


class Compiling(BuildHookInterface):  # type: ignore[type-arg]
    """One file of C, one shared library beside the package's own module."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 given by hatchling
        """Compile, and say what the wheel is for."""
        root = Path(self.root)
        library = root / "build" / "direct.so"
        library.parent.mkdir(exist_ok=True)
        compiler = shlex.split(os.environ.get("CC") or "cc")
        subprocess.run([*compiler, *FLAGS, "-o", str(library), str(root / "direct.c")], check=True)  # noqa: S603 ours
        build_data["force_include"][str(library)] = "wattshare_direct/direct.so"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
