#!/bin/sh
# Makes the networks of `brelu demo` anew: trains ResNet-8 on generated pictures with every ReLU, measures distortions,
# chooses blocks at 12 % of the sign decisions, trains again with them, and compiles both. About half an hour on two cores.
#
#     tools/assets/shapes/make.sh [FOLDER]
#
# FOLDER takes what comes in between (default: target/shapes). After an interruption the same command goes on.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
folder=${1:-$root/target/shapes}
case ${1:-} in
    -*) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac

(cd "$root" && cargo build --release --locked --quiet -p brelu-tools)
brelu=${CARGO_TARGET_DIR:-$root/target}/release/brelu
mkdir -p "$folder/compiled"
cd "$folder"
inputs='--mean .5 --std .25'
training="$inputs --data shapes:train --validate shapes:1 --validate-count 2000 --crop 2 --weight-decay 5e-4"

# What a step has written is not made again.
step() {
    result=$1
    shift
    [ -e "$result" ] || "$brelu" "$@"
}

# A training that was interrupted has left its checkpoint, one that has ended only its results.
step new.onnx new resnet8 --seed 1 -o new.onnx
step full.onnx train new.onnx --init --seed 1 $training --epochs 14 --rate .1 --warm-up 1 -o full.onnx
step distortions.parquet distort full.onnx $inputs --data shapes:train --count 512 -o distortions.parquet
step spec.json knapsack distortions.parquet --budget 12% --refine 20 --model full.onnx $inputs --data shapes:train -o spec.json
step blocks.onnx train full.onnx --spec spec.json $training --epochs 4 --rate .02 --distil --quantise -o blocks.onnx
step compiled/full.plan compile full.onnx $inputs --calibrate shapes:train --images-count 500 -o compiled/full
step compiled/blocks.plan compile blocks.onnx --spec blocks.spec.json $inputs --calibrate shapes:train --images-count 500 \
    -o compiled/blocks

for name in full blocks; do
    cp "$name.onnx" "compiled/$name.plan" "compiled/$name.weights" "$here/"
done
cp blocks.spec.json "$here/blocks.json"
chmod 644 "$here"/*.weights
du -cb "$here"/full.* "$here"/blocks.* | tail -n 1
