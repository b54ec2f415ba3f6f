# What the run scripts share. Sourced, with the repository's root as the working directory.

# Ends with status 3: what is asked for cannot be done here, and why.
cannot() {
    echo "$*" >&2
    exit 3
}

have() { command -v "$1" >/dev/null 2>&1; }

# need PROGRAM PACKAGE: installs a Debian package where that is possible.
need() {
    have "$1" && return
    log=$(mktemp)
    if [ "$(id -u)" = 0 ] && have apt-get; then
        echo "installing $2; log in $log" >&2
        (apt-get update && apt-get install -y --no-install-recommends "$2") >"$log" 2>&1 || true
    fi
    have "$1" || cannot "$1 is missing: install it with \`apt-get install $2\`"
}

# Builds the command, and puts its path into $brelu.
build_brelu() {
    cargo build --release --locked --quiet
    brelu=${CARGO_TARGET_DIR:-target}/release/brelu
}

# network WAY BOARD: puts the options that name a network and its pictures into $network. They are real ones where the
# samples are, and generated ones elsewhere.
network() {
    network=
    samples=../shared/data work=${CARGO_TARGET_DIR:-target}/devices
    if [ ! -d "$samples" ] || ! have xz; then
        echo "no samples in $samples (or no xz to unpack them): a small generated network and generated pictures" >&2
        return
    fi
    mkdir -p "$work"
    images=$work/test.bin
    case $1/$2 in
        party/*) name=mlperf_tiny_resnet8_small_cifar10 options='--divide-by 1' ;;
        thin/mps2-an386)
            name=squeezenet11_imagenet_227 images=$samples/imagenet-sample
            options='--divide-by 1 --order bgr --fit short-side:256 --mean 104 117 123 --images-count 100 --images-skip 10' ;;
        thin/*) name=cifar10_resnet20 options='--mean 0.485 0.456 0.406 --std 0.229 0.224 0.225 --divide-by 255' ;;
    esac
    calibration=$images
    if [ "$images" = "$work/test.bin" ]; then
        calibration=$work/train.bin options="$options --labels $samples/cifar10/labels.txt"
        for set in test train; do
            [ -s "$work/$set.bin" ] || { xz -dkc "$samples/cifar10/$set.bin.xz" >"$work/$set.part" && mv "$work/$set.part" "$work/$set.bin"; }
        done
    fi
    model=$samples/models/$name.onnx
    # Words of the options, not one word.
    # shellcheck disable=SC2086
    [ -s "$work/$name.plan" ] || "$brelu" compile "$model" -o "$work/$name" --calibrate "$calibration" $options >&2
    network="--plan $work/$name.plan --weights $work/$name.weights --model $model --data $images"
}
