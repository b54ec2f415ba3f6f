#!/usr/bin/env bash
# Has random networks imported and compares with onnxruntime; has onnxruntime run what is written again.
#
#     tests/imports/run.sh [NETWORKS [SEED]]     1000 networks of seed 1 by default
#
# The committed matrix (cases.zip) is made by `tests/imports/make.py tests/imports/cases.zip`, and what of it is refused is
# written down with BRELU_UPDATE=1. PYTHON names the interpreter that has onnx and onnxruntime.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}
if ! "$python" -c 'import onnx, onnxruntime' 2> /dev/null; then
    echo 'skipped: onnx or onnxruntime is not installed; pip install onnx onnxruntime makes this check possible (PYTHON=... names an interpreter)'
    exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/matrix" "$folder/random"
check() { cargo test --quiet --locked --workspace --test imports -- --nocapture; }
echo 'the matrix'
BRELU_REEXPORTS=$folder/matrix check
"$python" tests/imports/reexports.py tests/imports/cases.zip "$folder/matrix"
echo 'random networks'
"$python" tests/imports/make.py "$folder/cases.zip" --random "${1:-1000}" --seed "${2:-1}"
BRELU_IMPORT_CASES=$folder/cases.zip BRELU_REEXPORTS=$folder/random check
"$python" tests/imports/reexports.py "$folder/cases.zip" "$folder/random"
