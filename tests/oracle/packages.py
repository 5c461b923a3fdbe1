"""Runs a script of this folder where the Python packages are that it needs."""

import os
import subprocess
import sys
import tempfile
import venv


def inside(script, command, packages):
    """Runs `script` again with `command` in an environment of its own that has `packages` (name: version) and ends with its
    exit code; returns if it is there already."""
    if os.environ.get("PACKAGES_OF") == script:
        return
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, PACKAGES_OF=script)
        pinned = [f"{name}=={version}" for name, version in packages.items()]
        try:
            venv.create(folder, with_pip=True)
            python = os.path.join(folder, "bin", "python")
            subprocess.run([python, "-m", "pip", "install", "--quiet", *pinned], check=True)
        except (subprocess.CalledProcessError, OSError):
            # Some systems ship Python without the parts that make environments.
            python = sys.executable
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--target", folder, *pinned], check=True)
            environment["PYTHONPATH"] = folder
        sys.exit(subprocess.run([python, script, *command], env=environment).returncode)
