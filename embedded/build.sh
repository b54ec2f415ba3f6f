#!/bin/sh
# Builds the firmware of one board; the last line of the output is the path of the ELF file.
set -eu

usage() {
    echo 'usage: build.sh lm3s6965evb|mps2-an386 [party|thin|smoke [PROFILE]]' >&2
    exit 2
}

board=${1:-} binary=${2:-party} profile=${3:-release}
case $board in
    lm3s6965evb) target=thumbv7m-none-eabi ;;
    mps2-an386) target=thumbv7em-none-eabihf ;;
    *) usage ;;
esac
[ $# -le 3 ] || usage

here=$(cd "$(dirname "$0")" && pwd)
: "${CARGO_TARGET_DIR:=$(dirname "$here")/target/firmware}"
case $CARGO_TARGET_DIR in /*) ;; *) CARGO_TARGET_DIR=$PWD/$CARGO_TARGET_DIR ;; esac
export CARGO_TARGET_DIR
cd "$here/boards"

# The firmware fits its flash with the profile of boards/Cargo.toml and no other.
for variable in $(env | sed -n 's/^\(CARGO_PROFILE_[A-Z_]*\)=.*/\1/p'); do unset "$variable"; done

rustup_has_target() {
    rustup target list --installed --toolchain stable 2>/dev/null | grep -qx "$target"
}

# Debian's compiler has no core for these targets, but packages its source.
debian_has_rust() {
    [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library ] && command -v ld.lld >/dev/null &&
        /usr/bin/rustc --version 2>/dev/null | awk '{ split($2, v, "."); exit !(v[1] > 1 || v[2] >= 95) }'
}

install_debian_rust() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    log=$(mktemp)
    echo "installing rustc-web, cargo-web, rust-web-src and lld; log in $log" >&2
    (apt-get update && apt-get install -y --no-install-recommends rustc-web cargo-web rust-web-src lld lld-22) \
        >"$log" 2>&1 && debian_has_rust
}

build() {
    "$@" --locked --profile "$profile" --target "$target" --features "$board" --bin "$binary" >&2
}

if rustup_has_target; then
    build rustup run stable cargo build
elif debian_has_rust || install_debian_rust; then
    linker=CARGO_TARGET_$(echo "$target" | tr a-z- A-Z_)_LINKER
    build env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 "$linker=ld.lld" /usr/bin/cargo build -Zbuild-std=core
else
    echo "a compiler for $target is missing: install it with \`rustup target add $target\`," \
        "or Debian's rustc-web, cargo-web, rust-web-src, lld and lld-22" >&2
    exit 3
fi
[ "$profile" = dev ] && folder=debug || folder=$profile
echo "$CARGO_TARGET_DIR/$target/$folder/$binary"
