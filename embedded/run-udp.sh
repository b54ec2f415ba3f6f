#!/bin/sh
# Runs the device's application on this machine without any right: a QEMU without a processor is its router.
set -eu

usage() {
    cat >&2 <<'END'
usage: run-udp.sh [party|thin [OPTION...]]

Carries the Ethernet frames of the very client of the firmware in UDP datagrams to the user-mode network of a QEMU that
runs no machine. Options go to `brelu trial device`.
END
    exit 2
}

way=${1:-party}
case $way in party | thin) ;; *) usage ;; esac
[ $# -lt 1 ] || shift

cd "$(dirname "$0")/.."
. embedded/lib.sh
need qemu-system-arm qemu-system-arm
build_brelu
cargo build --release --locked --quiet -p brelu-embedded --example pc
network "$way" udp
: "${PORT:=7311}"
qemu-system-arm -M none -nographic -monitor none -serial none -netdev user,id=u0 \
    -netdev "socket,id=s0,udp=127.0.0.1:$PORT,localaddr=127.0.0.1:$((PORT + 1))" \
    -netdev hubport,id=h0,hubid=0,netdev=u0 -netdev hubport,id=h1,hubid=0,netdev=s0 &
router=$!
trap 'kill "$router" 2>/dev/null || true' EXIT INT TERM
# shellcheck disable=SC2086
"$brelu" trial device --program "${CARGO_TARGET_DIR:-target}/release/examples/pc" \
    --argument --udp --argument "$PORT:$((PORT + 1))" --way "$way" $network "$@"
