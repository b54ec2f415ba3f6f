#!/bin/sh
# Boots the firmware in QEMU as a party to real processes: a dealer, a server and, for a thin device, a delegate.
set -eu

usage() {
    cat >&2 <<'END'
usage: run-qemu.sh [lm3s6965evb|mps2-an386 [party|thin [OPTION...]]]

Builds the firmware and the brelu command, starts the other parties, boots the device, and compares the labels it prints
with the plaintext network's. Options go to `brelu trial device`: --instructions counts the device's work, --cuts 200 cuts
its power, --foes has others answer in the server's place, --count N takes N pictures.

Needs QEMU and a compiler for the board; on Debian, as root, it installs them. Ends with status 3 where it cannot.
END
    exit 2
}

board=${1:-lm3s6965evb} way=${2:-party}
case $board in lm3s6965evb | mps2-an386) ;; *) usage ;; esac
case $way in party | thin) ;; *) usage ;; esac
[ $# -lt 2 ] || shift
[ $# -lt 1 ] || shift

cd "$(dirname "$0")/.."
. embedded/lib.sh
need qemu-system-arm qemu-system-arm
firmware=$(embedded/build.sh "$board" "$way") || exit $?
for size in arm-none-eabi-size llvm-size-22 size; do
    have $size && $size "$firmware" 2>/dev/null && break
done
build_brelu
network "$way" "$board"
# shellcheck disable=SC2086
exec "$brelu" trial device --firmware "$firmware" --board "$board" --way "$way" $network "$@"
