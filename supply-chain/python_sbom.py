"""Writes the SBOM of a Python environment in an image, in CycloneDX, with cyclonedx-py (decision 0087).

python python_sbom.py PYTHON BASE FILE: PYTHON is the environment's interpreter, BASE the name of the base image.
The same packages make the same bytes, so that the image's layer stays.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

# That of `npm sbom`, so that one schema checks the SBOMs of all images.
SPECIFICATION = "1.5"
COVERAGE = (
    "Lists the Python packages that the project adds. What the base image brings, and what apt adds from its "
    "distribution, is not listed here: the name and the digest of the base image stand for it."
)


def describe_image(sbom: dict[str, Any], base: str) -> dict[str, Any]:
    """Adds to an environment's SBOM which image it is of, on which base, and what it does not list."""
    name, _, version = base.rpartition(":") if "@" not in base else base.partition("@")
    image = {"bom-ref": "image", "type": "container", "name": "serverless-bert/training"}
    container = {"bom-ref": "base", "type": "container", "name": name, "version": version}
    return {
        **sbom,
        "metadata": {
            **sbom.get("metadata", {}),
            "component": image,
            "properties": [{"name": "serverless-bert:coverage", "value": COVERAGE}],
        },
        "components": [container, *sbom.get("components", [])],
        "compositions": [{"aggregate": "incomplete", "assemblies": ["image"]}],
    }


def main(python: str, base: str, target: str) -> None:
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--spec-version", SPECIFICATION]
    flags = ["--output-reproducible", "--output-format", "JSON", "--output-file", target]
    subprocess.run([*command, *flags, python], check=True)
    sbom = json.loads(Path(target).read_text())
    Path(target).write_text(json.dumps(describe_image(sbom, base), indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
