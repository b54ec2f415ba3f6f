#!/bin/sh
# Runs the device's application on this machine over a TAP interface, in a network of its own.
set -eu

usage() {
    cat >&2 <<'END'
usage: run-tap.sh [party|thin [OPTION...]]

Makes a network namespace with a TAP interface (which takes root, or a /dev/net/tun that everybody may open), starts the
parties in it, and runs the very client of the firmware on the other end, with embassy's network stack. Options go to
`brelu trial device`. Without that right, run-udp.sh does the same.
END
    exit 2
}

way=${1:-party}
case $way in party | thin) ;; *) usage ;; esac
[ $# -lt 1 ] || shift

cd "$(dirname "$0")/.."
. embedded/lib.sh
need ip iproute2
have unshare || cannot 'unshare is missing: install it with `apt-get install util-linux`'
[ -c /dev/net/tun ] || cannot '/dev/net/tun is missing: this kernel has no TAP interfaces; run-udp.sh needs none'
build_brelu
cargo build --release --locked --quiet -p brelu-embedded --example pc
network "$way" tap
root=--map-root-user
[ "$(id -u)" != 0 ] || root=
export brelu network way pc="${CARGO_TARGET_DIR:-target}/release/examples/pc"
# shellcheck disable=SC2086
exec unshare $root --net sh -eu -c '
    ip link set lo up
    ip tuntap add dev brelu0 mode tap || { echo "no TAP interface can be made here: run-udp.sh needs none" >&2; exit 3; }
    ip addr add 192.168.69.1/24 dev brelu0
    ip link set brelu0 up
    "$brelu" trial device --program "$pc" --argument --tap --argument brelu0 --way "$way" \
        --address 192.168.69.2 --host 192.168.69.1 --listen 192.168.69.1 $network "$@"' sh "$@"
