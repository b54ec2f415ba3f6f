#!/usr/bin/env bash
# Runs the commands of README.md as they are printed there, those of the test suite excepted. The worked example needs an
# ONNX network and photographs; it is skipped where ../shared/data does not have them.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
data=$root/../shared/data

# Prints the n-th block of shell commands.
block() { awk -v n="$1" '/^```sh$/ { i++; on = (i == n); next } /^```$/ { on = 0 } on' "$root/README.md"; }

echo '-- main job'
block 1
eval "$(block 1)"

if [ ! -f "$data/models/squeezenet11_imagenet_227.onnx" ]; then
    echo 'skipped: the worked example of README.md needs a network and photographs, and ../shared/data is not here'
    exit 0
fi
echo '-- worked example'
cargo build --release --locked --quiet
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/photos"
cp "$data/models/squeezenet11_imagenet_227.onnx" "$work/model.onnx"
find "$data/imagenet-sample" -name '*.jpg' | sort | sed -n 1,12p | xargs -I{} cp {} "$work/photos/"
cp "$data"/imagenet-sample/165_*.jpg "$work/dog.jpg"
cd "$work"
export PATH="$root/target/release:$PATH"
block 3
eval "$(block 3)"
echo '-- fewer sign decisions'
if brelu distort --help | grep -q 'features optimise'; then
    echo "the default command has no \`brelu distort\`, and says so"
else
    echo '`brelu distort --help` of the default command does not say how to install it' >&2
    exit 1
fi
(cd "$root" && cargo build --release --locked --quiet --features optimise)
block 4
eval "$(block 4)"
