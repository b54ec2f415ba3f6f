#!/usr/bin/env python3
"""reexports.py CASES.zip FOLDER: loads every network of the folder in onnxruntime and compares with the archive's outputs."""
import pathlib
import sys
import zipfile

import numpy as np
import onnxruntime

# Largest difference allowed, relative to the largest number where that exceeds 1.
TOLERANCE = 1e-4


def difference(path, archive):
    """What is wrong with a network, or None."""
    numbers = lambda kind: np.frombuffer(archive.read(f"{path.stem}.{kind}"), dtype="<f4")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0]
        sizes = [size if isinstance(size, int) else 1 for size in entry.shape]
        got = session.run(None, {entry.name: numbers("in").reshape(sizes)})[0].reshape(-1)
    except Exception as error:  # onnxruntime has many kinds of its own
        return str(error).splitlines()[0]
    wanted = numbers("out")
    if got.shape != wanted.shape:
        return f"{got.size} numbers, not {wanted.size}"
    worst, largest = np.abs(got - wanted).max(), max(1.0, np.abs(wanted).max())
    return None if worst <= TOLERANCE * largest else f"off by {worst:.1e}, numbers up to {largest:.1f}"


paths = sorted(pathlib.Path(sys.argv[2]).glob("*.onnx"))
with zipfile.ZipFile(sys.argv[1]) as cases:
    wrong = [(path.stem, found) for path in paths if (found := difference(path, cases))]
print(f"{len(paths) - len(wrong)} of {len(paths)} networks written again are equal in onnxruntime")
for name, found in wrong:
    print(f"{name}: {found}")
sys.exit(bool(wrong) or not paths)
