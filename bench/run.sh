#!/usr/bin/env bash
# Runs the benchmarks; `./build.sh bench` calls it with everything in place.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p bin
go build -o bin/bench ./bench
go build -o bin/bench-gotorch ./bench/gotorch
exec bin/bench "$@"
