#!/usr/bin/env bash
# Exports networks of torchvision by both of PyTorch's exporters with their default settings, has `brelu import` read and
# write them again, and compares what onnxruntime computes with the copies and with the exported files.
#
#     tests/exports.sh [NETWORK ...]
#
# Weights are fresh, the statistics of batch normalisations those of noise. Fails if a file is not imported or outputs for
# random inputs differ by 1e-4 of the largest of them or more. PYTHON names the interpreter that has torch, torchvision,
# onnxscript and onnxruntime, BRELU a built command, KEEP a folder for the files, which a later run then takes from there.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

exec "${PYTHON:-python3}" - "$root" "$@" <<'END'
import os
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy
    import onnxruntime
    import onnxscript
    import torch
    import torchvision
except ImportError as error:
    print(f"skipped: {error.name} is not installed; pip install torch torchvision onnxscript onnxruntime makes this check possible (PYTHON=... names an interpreter)")
    sys.exit(0)

NETWORKS = [
    "alexnet", "densenet121", "googlenet", "inception_v3", "mnasnet1_0", "mobilenet_v2", "regnet_x_400mf", "resnet18",
    "resnext50_32x4d", "squeezenet1_1",
]
EXPORTERS = {"dynamo": True, "torchscript": False}
TOLERANCE = 1e-4
IMAGES = 2
ROOT = sys.argv[1]
BRELU = [os.environ["BRELU"]] if "BRELU" in os.environ else (
    "cargo run --release --quiet --locked --package brelu-tools --".split())


def side(name):
    return 299 if name == "inception_v3" else 224


def network(name):
    """The network with weights and statistics that are no identity."""
    torch.manual_seed(1)
    options = {"aux_logits": False} if name in ("googlenet", "inception_v3") else {}
    model = torchvision.models.get_model(name, weights=None, init_weights=True, **options) if options else (
        torchvision.models.get_model(name, weights=None))
    for norm in (module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, 0, 0.2)
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.randn(4, 3, side(name), side(name)))
    return model.eval()


def export(name, folder):
    """Writes the files of all exporters that are not there, and gives their paths."""
    paths = {exporter: os.path.join(folder, f"{name}-{exporter}.onnx") for exporter in EXPORTERS}
    missing = [exporter for exporter, path in paths.items() if not os.path.exists(path)]
    model = network(name) if missing else None
    for exporter in missing:
        image = torch.randn(1, 3, side(name), side(name))
        torch.onnx.export(model, (image,), paths[exporter], dynamo=EXPORTERS[exporter])
    return paths


def outputs(path, images):
    """One list of numbers for every image."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name
    return numpy.array([session.run(None, {entry: image})[0].reshape(-1) for image in images])


def check(path, images, copy):
    """Prints the largest difference or the refusal, and says whether it is small."""
    name = os.path.basename(path)
    imported = subprocess.run(BRELU + ["import", os.path.abspath(path), "-o", copy], cwd=ROOT, capture_output=True, text=True)
    if imported.returncode != 0:
        print(f"{name}: {imported.stderr.strip()}")
        return False
    wanted, got = outputs(path, images), outputs(copy, images)
    if wanted.shape != got.shape:
        print(f"{name}: {got.shape[1]} outputs, not {wanted.shape[1]}")
        return False
    worst, largest = numpy.abs(got - wanted).max(), numpy.abs(wanted).max()
    print(f"{name}: largest difference {worst:.1e}, outputs up to {largest:.2g}", flush=True)
    return bool(worst < TOLERANCE * largest)


def main():
    warnings.filterwarnings("ignore")
    good = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = os.environ.get("KEEP", temporary)
        os.makedirs(folder, exist_ok=True)
        for name in sys.argv[2:] or NETWORKS:
            size = (IMAGES, 1, 3, side(name), side(name))
            images = numpy.random.default_rng(1).standard_normal(size).astype(numpy.float32)
            for path in export(name, folder).values():
                good.append(check(path, images, os.path.join(temporary, "copy.onnx")))
                if folder == temporary:
                    for written in os.listdir(temporary):
                        if written.startswith("copy"):
                            os.remove(os.path.join(temporary, written))
    print(f"{sum(good)} of {len(good)} files imported with equal outputs")
    sys.exit(0 if all(good) else 1)


main()
END
