#!/bin/sh
# Counts the instructions of a check and of one look into a hash map, and fails when a ratio is over its bar.
# Counts hardly move between runs, so this can stand where wall time cannot.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --release --package jit-access-benches --bin count
count="${CARGO_TARGET_DIR:-target}/release/count"
out=$(mktemp)
trap 'rm -f "$out"' EXIT

instructions() { # what, which questions
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='*count*measured*' \
        "$count" "$1" "$2" 10000 2>"$out" || { cat "$out" >&2; exit 1; }
    sed -n 's/.*Collected : //p' "$out"
}

failed=0
printf '%-8s %12s %12s %8s %6s\n' questions hash-map check ratio bar
for line in 'misses 1.6' 'mixed 2.2' 'hits 7'; do
    set -- $line
    floor=$(instructions floor "$1")
    check=$(instructions index "$1")
    awk -v q="$1" -v f="$floor" -v c="$check" -v bar="$2" 'BEGIN {
        printf "%-8s %12.1f %12.1f %8.2f %6.1f\n", q, f / 1e5, c / 1e5, c / f, bar
        exit !(c > 0 && f > 0 && c / f <= bar)
    }' || failed=1
done
exit "$failed"
