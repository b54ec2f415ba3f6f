#!/usr/bin/env python3
"""Exports the networks of list.txt by both of PyTorch's exporters with their default settings, has `brelu compile` compile
them with its own, and prints what became of each: K, bytes and round trips of an inference, the error of the median picture
relative to the spread of the outputs, seconds and memory.

    tests/networks/table.py [--exporter dynamo|torchscript] [--import-only] [NAME ...]

Weights are fresh, the statistics of batch normalisations those of the calibration images: pictures of
../shared/data/imagenet-sample if they are there, smooth noise otherwise. Ends with 1 if a network neither compiles within
3 % nor is refused by the name of what stands in its way. BRELU names a built command, KEEP a folder for the exported files,
which a later run then takes from there. An import alone is `brelu import`, which compares nothing.

Needs torch and torchvision; timm and segmentation-models-pytorch where their networks are to be there as well:
    pip install torch torchvision onnxscript timm segmentation-models-pytorch
"""
import argparse
import json
import os
import pathlib
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import warnings

try:
    import numpy
    import onnx
    import onnxscript
    import torch
    import torchvision.transforms.v2
except ImportError as error:
    print(f"skipped: {error.name} is not installed; pip install torch torchvision onnxscript timm segmentation-models-pytorch")
    sys.exit(0)

import own

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PHOTOGRAPHS = ROOT.parent / "shared/data/imagenet-sample"
IMAGES = 16
CLOSE = 0.03
LIMIT = 600


def network(source, name):
    torch.manual_seed(1)
    if source == "own":
        return own.NETWORKS[name]()
    if source == "torchvision":
        options = {"aux_logits": False, "init_weights": True} if name in ("googlenet", "inception_v3") else {}
        if name in torchvision.models.segmentation.__dict__:
            options = {"weights_backbone": None, "num_classes": 21}
        return torchvision.models.get_model(name, weights=None, **options)
    if source == "timm":
        import timm
        return timm.create_model(name, pretrained=False)
    import segmentation_models_pytorch
    return getattr(segmentation_models_pytorch, name)("resnet18", encoder_weights=None, classes=4)


def noise(side):
    """A picture that is smooth, as photographs are."""
    coarse = torch.rand(1, 3, 8, 8)
    picture = torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic").clamp(0, 1)
    return (255 * picture[0]).byte()


def pictures(folder, side):
    """Calibration pictures as files; returns them as one batch of floats from 0 to 1."""
    from torchvision.io import read_image, write_png
    torch.manual_seed(2)
    photographs = sorted(PHOTOGRAPHS.glob("*.jpg"))
    random.Random(3).shuffle(photographs)
    batch = []
    for index in range(IMAGES):
        picture = noise(side)
        if photographs:
            resize = torchvision.transforms.v2.Resize((side, side), antialias=True)
            picture = resize(read_image(str(photographs[index % len(photographs)]), mode=torchvision.io.ImageReadMode.RGB))
        write_png(picture, str(folder / f"{index:02}.png"))
        batch.append(picture.float() / 255)
    return torch.stack(batch)


class Last(torch.nn.Module):
    """The network's own output, where it gives a dictionary of them."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        y = self.model(x)
        return y["out"] if isinstance(y, dict) else y


def prepare(source, name, batch):
    """Normalisations that are no identity, with the statistics of the pictures."""
    model = network(source, name)
    norms = [module for module in model.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, 0, 0.2)
        norm.momentum = 1.0
    with torch.no_grad():
        if norms:
            model.train()
            for module in model.modules():
                if isinstance(module, torch.nn.Dropout):
                    module.eval()
            model(batch[:4])
    return Last(model).eval()


def export(path, source, name, side, exporter):
    with tempfile.TemporaryDirectory() as folder:
        batch = pictures(pathlib.Path(folder), side)
    model = prepare(source, name, batch)
    torch.onnx.export(model, (batch[:1],), str(path), dynamo=exporter == "dynamo", verbose=False)


def run(words):
    """Status, output, seconds and the most memory in bytes of a command."""
    start = time.time()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, stdout=said, stderr=subprocess.STDOUT)
        end = start + LIMIT
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.time() > end:
                process.kill()
            time.sleep(0.05)
        said.seek(0)
        text = said.read().decode(errors="replace")
    return os.waitstatus_to_exitcode(status), text, time.time() - start, used.ru_maxrss * 1024


def compile_network(brelu, path, side, import_only):
    """A row: what became of it, and whether that is good."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if import_only:
            status, text, seconds, memory = run([brelu, "import", str(path), "-o", str(folder / "copy.onnx")])
            return [sentence(text) if status else "imports", f"{seconds:.1f} s"], status == 0
        (folder / "images").mkdir()
        pictures(folder / "images", side)
        words = [brelu, "compile", str(path), "-o", str(folder / "net"), "--calibrate", str(folder / "images")]
        status, text, seconds, memory = run(words)
        if status:
            refused = status != 101 and text.startswith("error") or "error: " in text
            return [sentence(text), f"{seconds:.1f} s"], refused and seconds < 10
        record = json.loads((folder / "net.json").read_text())
    report = record["report"]
    form, error = report["format"], report["chosen"]["quality"]["error"]
    row = [f"K {form['narrow'] + form['fraction']}", f"{record['bytes']['total'] / 1e6:.2f} MB",
           f"{report['round_trips']} trips", f"{100 * error:.2f} %", f"{seconds:.1f} s", f"{memory / 1e9:.2f} GB"]
    return row, error <= CLOSE


def sentence(text):
    lines = [line for line in text.splitlines() if "error" in line] or text.splitlines() or ["nothing was said"]
    return re.sub(r"\s+", " ", lines[-1])[:200]


def rows(names):
    for line in (HERE / "list.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            source, name, side = line.split()
            if not names or name in names:
                yield source, name, int(side)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exporter", choices=["dynamo", "torchscript"], action="append")
    parser.add_argument("--import-only", action="store_true")
    parser.add_argument("--export-one", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    if options.export_one:
        path, source, name, side, exporter = options.export_one
        return export(pathlib.Path(path), source, name, int(side), exporter)
    brelu = os.environ.get("BRELU") or str(ROOT / "target/release/brelu")
    keep = pathlib.Path(os.environ.get("KEEP") or tempfile.mkdtemp())
    keep.mkdir(exist_ok=True)
    good = total = 0
    for source, name, side in rows(options.names):
        for exporter in options.exporter or ["torchscript", "dynamo"]:
            path = keep / f"{source}-{name}-{exporter}.onnx"
            if not path.exists():
                words = [sys.executable, __file__, "--export-one", str(path), source, name, str(side), exporter]
                done = subprocess.run(words, capture_output=True, text=True)
                if done.returncode:
                    last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
                    print(f"{source} {name} ({exporter}): not exported: {last[:160]}", flush=True)
                    continue
            row, well = compile_network(brelu, path, side, options.import_only)
            total += 1
            good += well
            print(f"{source} {name} ({exporter}):", *row, "" if well else "<<", flush=True)
    print(f"{good} of {total}")
    return 0 if good == total else 1


if __name__ == "__main__":
    sys.exit(main())
