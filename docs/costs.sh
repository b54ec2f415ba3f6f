#!/usr/bin/env bash
# Makes the tables of README's "What it costs", row by row, on an idle machine (about half an hour on two cores).
#
#     docs/costs.sh DATA [FOLDER] [TABLE ...]
#
# DATA has the sample networks and images (models/, cifar10/ unpacked, imagenet-sample/, segmentation/); without it only the
# networks with generated weights are measured. FOLDER keeps what is made, and rows that are there are not measured again.
# TABLES are networks, labels, paper and primitives; all by default. Each row is printed as Markdown, with its commands in
# front of it.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
data=$1
folder=${2:-costs}
shift $(($# < 2 ? $# : 2))
tables=${*:-networks labels paper primitives}
command -v python3 > /dev/null || { echo 'skipped: python3 is not installed, which writes the rows'; exit 0; }
data=$(realpath -m "$data")
mkdir -p "$folder"
cd "$folder"
cargo build --release --locked --quiet --features optimise --manifest-path "$root/Cargo.toml"
brelu=$root/target/release/brelu

# Runs brelu with arguments, and says so.
run() { echo "    brelu $*" >&2; "$brelu" "$@"; }

# Whether a table is wanted and its data is there.
wanted() {
    [[ " $tables " == *" $1 "* ]] || return 1
    [ "$1" = paper ] || [ "$1" = primitives ] || [ -d "$data/models" ] && return 0
    echo "skipped: no networks at $data/models for the table of $1" >&2
    return 1
}

# row COLUMNS FILE LABEL: a line of a table from what evaluate printed, and from the plan's record.
row() {
    python3 - "$@" <<'END'
import json
import sys

columns, name, label = sys.argv[1:4]
with open(f"{name}.row") as file:
    row = json.load(file)
with open(f"{name}.formats") as file:
    formats = file.read().strip()


def size(bytes):
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if bytes >= factor:
            return f"{bytes / factor:#.3g}".rstrip(".") + f" {unit}"
    return f"{bytes} B"


def percent(*shares):
    return "" if None in shares else " / ".join(f"{100 * share:.1f}" for share in shares) + " %"


def maps(row):
    private = row.get("map") or {}
    means = [scores.get("mean_iou") for scores in (private, private.get("float") or {})]
    return percent(*means) and f"mean IoU {percent(*means)}"


assert row["exact"], f"{name}: bytes are not those of the formulas"
bytes = row["bytes"]
online = bytes["client_to_server_online"] + bytes["server_to_client_online"]
seconds = [f"{row[when]['mean']:.2g}" for when in ("offline_seconds", "online_seconds")]
trips = str(row["round_trips"][-1])
memory = [size(row["peak_memory_bytes"][party]) for party in ("client", "server", "dealer")]
cells = {
    "networks": [f"{label} ({row['images']:,} images)", formats, f"{size(bytes['total'])} ({size(online)})", trips, *seconds,
                 percent(row.get("top1"), row.get("float_top1")) or maps(row), percent(row.get("agreement"))],
    "paper": [label, f"{size(bytes['total'])} ({size(bytes['total'] - online)} + {size(online)})", trips, *seconds,
              ", ".join(memory)],
}[columns]
print("| " + " | ".join(cells) + " |")
END
}

# network NAME COUNT IMAGES EVALUATION [COMPILE-ARGUMENT ...]: compiles a sample network and evaluates it privately.
network() {
    local name=$1 count=$2 images=$3 pictures=$4
    shift 4
    [ -s "$name.row" ] && return
    preprocess "${name%%-*}" > "$name.preprocess"
    run compile "$data/models/${name%%-*}.onnx" -o "$name" --force --calibrate "$images" --preprocess "$name.preprocess" "$@" \
        > "$name.compiled"
    sed -n 's/^format  *\(K.*\), margin.*/\1/p' "$name.compiled" > "$name.formats"
    run evaluate --spawn --plan "$name.plan" --weights "$name.weights" --data "$pictures" --preprocess "$name.preprocess" \
        --model "$data/models/${name%%-*}.onnx" --count "$count" --json > "$name.part"
    mv "$name.part" "$name.row"
}

# The preprocessing of a sample network, from the table that lies beside it.
preprocess() {
    python3 - "$data/models/models.json" "$1.onnx" <<'END'
import json
import sys

with open(sys.argv[1]) as file:
    entry = json.load(file)[sys.argv[2]]["input"]
fit = {"center_crop": {"short_side": entry["short_side"]}} if "short_side" in entry else "exact"
if "deeplab" in sys.argv[2]:
    fit = "stretch"
print(json.dumps({"height": entry["size"], "width": entry["size"], "fit": fit, "channels": entry["channels"].lower(),
                  "divide_by": entry["divide_by"], "mean": entry["mean"], "std": entry["std"]}))
END
}

# The pictures that have masks, in the layout of Pascal VOC: as `voc:val`.
masks() {
    mkdir -p voc/JPEGImages voc/SegmentationClass voc/ImageSets/Segmentation
    : > voc/ImageSets/Segmentation/val.txt
    for mask in "$data"/segmentation/masks/*.png; do
        name=$(basename "$mask" .png)
        ln -sf "$data"/segmentation/images/"$name".* "voc/JPEGImages/$name.jpg"
        ln -sf "$mask" voc/SegmentationClass/
        echo "$name" >> voc/ImageSets/Segmentation/val.txt
    done
}

if wanted networks; then
    echo '| network | formats | bytes (online) | round trips | offline s | online s | top-1 private / float | agreement |'
    echo '|---|---|---|---|---|---|---|---|'
    cifar=$data/cifar10
    [ -f cifar10-train.bin ] || xz -dkc "$cifar/train.bin.xz" > cifar10-train.bin
    [ -f cifar10-test.bin ] || xz -dkc "$cifar/test.bin.xz" > cifar10-test.bin
    network mlperf_tiny_resnet8_cifar10 1000 cifar10-train.bin cifar10-test.bin
    row networks mlperf_tiny_resnet8_cifar10 'ResNet-8, CIFAR-10'
    network cifar10_resnet20 1000 cifar10-train.bin cifar10-test.bin
    row networks cifar10_resnet20 'ResNet-20, CIFAR-10'
    network cifar10_resnet56 200 cifar10-train.bin cifar10-test.bin
    row networks cifar10_resnet56 'ResNet-56, CIFAR-10'
    network squeezenet11_imagenet_227 50 "$data/imagenet-sample" "$data/imagenet-sample"
    row networks squeezenet11_imagenet_227 'SqueezeNet 1.1, 227x227'
    network mobilenetv2_imagenet_224 50 "$data/imagenet-sample" "$data/imagenet-sample" --class-offset 1
    row networks mobilenetv2_imagenet_224 'MobileNetV2 (ReLU6), 224x224'
    masks
    network deeplabv3_mnv2_voc_257 5 "$data/segmentation/images" voc:val
    row networks deeplabv3_mnv2_voc_257 'DeepLabV3 on MobileNetV2 x0.5, Pascal VOC, 257x257'
fi
if wanted labels; then
    network cifar10_resnet20-label 1000 cifar10-train.bin cifar10-test.bin --answer label
    row networks cifar10_resnet20-label 'ResNet-20, labels'
    masks
    network deeplabv3_mnv2_voc_257-label 5 "$data/segmentation/images" voc:val --answer label
    row networks deeplabv3_mnv2_voc_257-label 'DeepLabV3, labels'
fi

# generated FILE MODEL [COMPILE-ARGUMENT ...]: a network with generated weights, at every ReLU or with a spec.
generated() {
    local file=$1 model=$2
    shift 2
    [ -s "$file.row" ] && return
    run compile "$model" --force --fit stretch --generated-images --images-count 2 --bits 24 --fraction 12 --window 6 \
        -o "$file" "$@" > "$file.compiled"
    sed -n 's/^format  *\(K.*\), margin.*/\1/p' "$file.compiled" > "$file.formats"
    run evaluate --spawn --store disk --plan "$file.plan" --weights "$file.weights" --data shapes:test --count 3 \
        --json > "$file.part"
    mv "$file.part" "$file.row"
}

# paper NAME MODEL: a network of the paper at every ReLU, and at 6 % of its decisions.
paper() {
    local name=$1 model=$2
    generated "$name" "$model"
    row paper "$name" "$name, every ReLU"
    [ -s "$name.parquet" ] ||
        run distort "$model" --force --data shapes:train --fit stretch --count 2 -o "$name.parquet" > "$name.distorted"
    [ -s "$name-6.spec.json" ] || run knapsack "$name.parquet" --force --budget 6% -o "$name-6.spec.json" > "$name.chosen"
    generated "$name-6" "$model" --spec "$name-6.spec.json"
    row paper "$name-6" "$name, 6 % of the decisions"
}

if wanted paper; then
    echo '| network, input | bytes (offline + online) | round trips | offline s | online s | peak memory: client, server, dealer |'
    echo '|---|---|---|---|---|---|'
    paper resnet18-cifar builtin:resnet18-cifar
    paper resnet50 builtin:resnet50
    # The paper has ReLU in the place of ReLU6.
    [ -s deeplabv3-mobilenetv2.onnx ] || run new deeplabv3-mobilenetv2 --relu -o deeplabv3-mobilenetv2.onnx > /dev/null
    paper deeplabv3-mobilenetv2 deeplabv3-mobilenetv2.onnx
    paper deeplabv3-resnet50 builtin:deeplabv3-resnet50
fi
if wanted primitives; then
    run bench
    run bench --model builtin:resnet50 --generated-images --images-count 2 --bits 28 --fraction 12 --window 6
fi
