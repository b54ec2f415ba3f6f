#!/usr/bin/env bash
# Has networks read and written again, and compares what onnxruntime computes with the copies and with the originals.
#
#     tests/onnxruntime.sh MODEL.onnx [MODEL.onnx:OUTPUT ...]
#
# OUTPUT is the output of the model to compare, its first one by default. Fails if outputs for random inputs differ by
# 1e-4 or more, relative to the largest of them where that exceeds 1. PYTHON names the interpreter that has onnxruntime.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] || { echo 'usage: tests/onnxruntime.sh MODEL.onnx [MODEL.onnx:OUTPUT ...]' >&2; exit 2; }

exec "${PYTHON:-python3}" - "$root" "$@" <<'END'
import os
import subprocess
import sys
import tempfile

try:
    import numpy
    import onnxruntime
except ImportError as error:
    print(f"skipped: {error.name} is not installed; pip install onnxruntime makes this check possible (PYTHON=... names an interpreter)")
    sys.exit(0)

TOLERANCE = 1e-4
IMAGES = 4
ROOT = sys.argv[1]


def copy(model, folder, output):
    """The model as brelu writes it after reading it."""
    path = os.path.join(folder, os.path.basename(model))
    command = "cargo run --quiet --locked --package brelu-networks --example reexport --".split()
    command += [os.path.abspath(model), path] + ([output] if output else [])
    subprocess.run(command, check=True, cwd=ROOT)
    return path


def outputs(path, output, images):
    """One list of numbers for every image."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    network = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    entry = network.get_inputs()[0]
    sizes = [size if isinstance(size, int) else 1 for size in entry.shape]
    name = output or network.get_outputs()[0].name
    run = lambda image: network.run([name], {entry.name: image.reshape(sizes)})[0].reshape(-1)
    return numpy.array([run(image) for image in images(numpy.prod(sizes))])


def check(argument, folder):
    """Prints the largest difference, and says whether it is small."""
    model, _, output = argument.partition(":")
    numbers = lambda length: numpy.random.default_rng(1).standard_normal((IMAGES, length)).astype(numpy.float32)
    wanted = outputs(model, output, numbers)
    got = outputs(copy(model, folder, output), None, numbers)
    worst, largest = numpy.abs(got - wanted).max(), numpy.abs(wanted).max()
    print(f"{os.path.basename(model)}: largest difference {worst:.1e}, outputs up to {largest:.1f}")
    return worst < TOLERANCE * max(1.0, largest)


def main():
    with tempfile.TemporaryDirectory() as folder:
        good = [check(argument, folder) for argument in sys.argv[2:]]
    sys.exit(0 if all(good) else 1)


main()
END
