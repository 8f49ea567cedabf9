#!/usr/bin/env bash
# Sets up everything that sslmem needs, inside this folder and without sudo.
#
#   ./build.sh [build]       libtorch, gotorch, the C++ shim, bin/sslmem and bin/sslmem-gotorch
#   ./build.sh demo [flags]  build, then the demonstration (flags go to `sslmem demo`)
#   ./build.sh test          build, then every check; go test comes last
#   ./build.sh stress        build, then package torch for some minutes: the race detector, 64
#                            goroutines beside the collector for a minute, 10,000 training steps
#   ./build.sh test-gpu      build, then the tests that need an NVIDIA GPU
#   ./build.sh matrix        build and test against each supported libtorch, in third_party/matrix
#   ./build.sh bench [flags] build, then the benchmarks against PyTorch, C++ and gotorch
#   ./build.sh doctor        what is here and what is missing; changes nothing
#
# libtorch is the first of these that is there:
#   1. $LIBTORCH, a libtorch or torch folder (LIBTORCH=pip passes over 1 and 2)
#   2. a PyTorch >= 2.6 of python3
#   3. pip's wheel of PyTorch, installed into third_party/libtorch
# third_party/README.md tells what the build leaves there. A step whose inputs have not
# changed is passed over, and a run that was stopped half-way is taken up by the next.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
third=$(pwd -P)/third_party
readonly third log=$third/build.log
# Where the shim goes, and the workshop for it.
out=$third objects=$third/build
. scripts/steps.sh
. scripts/libtorch.sh
. scripts/compile.sh
. scripts/matrix.sh

build() {
  local checks=(check_platform check_go check_cxx)
  find_libtorch
  libtorch_wheels
  libtorch_is_fetched || checks+=(check_python "check_disk $wheels_disk")
  need "${checks[@]}"
  begin_steps
  setup_libtorch
  set_flags
  setup_gotorch
  setup_shim
  if has_gpu; then
    setup_cuda_shim
  fi
  logged 'building bin/sslmem' go build -o bin/ ./cli/sslmem ./cli/sslmem-gotorch
  say binary 'bin/sslmem, bin/sslmem-gotorch'
}

run_tests() {
  local unformatted pure
  build
  setup_bench # only to see that it compiles
  setup_cuda_shim # compiles without a GPU too
  unformatted=$(find . -name '*.go' -not -path './third_party/*' -print0 | xargs -0r "$(go env GOROOT)/bin/gofmt" -l)
  [[ -z $unformatted ]] || fail "these files want gofmt -w: ${unformatted//$'\n'/ }."
  say gofmt passed
  logged 'go vet' go vet ./...
  logged 'go vet -tags gpu' go vet -tags gpu ./...
  say vet passed
  logged staticcheck go tool staticcheck ./...
  say lint 'staticcheck passed'
  mapfile -t pure < <(packages_without '^sslmem/torch$|gotorch') # those that load no libtorch
  logged 'go test -race' go test -race "${pure[@]}"
  say race "passed in the ${#pure[@]} packages that are pure Go"
  release
  # -count 1: go test notices that the shim was built anew, but not what else is outside of
  # Go's sources, such as the packages of python3, and would show the results of before.
  exec go test -count 1 ./...
}

run_stress() {
  build
  logged 'go test -race ./torch/...' go test -race ./torch/...
  say race 'passed in torch and the packages below it'
  release
  SSLMEM_STRESS=1 exec go test -count 1 -timeout 30m -v -run 'Concurren|TrainingMemory' ./torch
}

# run_gpu_tests runs the tests of torch and eval with those that need a GPU, one package
# at a time, as they share the device's memory.
run_gpu_tests() {
  has_gpu || fail 'there is no NVIDIA GPU with a driver here (nvidia-smi finds none), and this suite needs one: ./build.sh test runs all that works without.'
  build
  release
  exec go test -p 1 -count=1 -tags gpu ./torch/... ./eval
}

# run_bench compares with Python's PyTorch of the same version: python3's own if libtorch
# is taken from it, or else a copy in third_party/pytorch.
run_bench() {
  local folder=$third/pytorch wheels
  build
  [[ -x bench/run.sh ]] || fail 'bench/run.sh is not there: this version has no benchmarks.'
  setup_bench
  if [[ $libtorch_source == "$python_source" ]] && (cd / && python3 -c 'import torch, numpy') 2>/dev/null; then
    say pytorch "$libtorch_is of python3"
  else
    wheels=("torch==$libtorch_is" numpy==2.3.5)
    if ! has_wheels "$folder" "${wheels[@]}"; then
      need check_python 'check_disk 9'
      say pytorch "fetching PyTorch $libtorch_is for Python with pip (about 3 GB)"
      install_wheels "$folder" 'fetching PyTorch' "${wheels[@]}"
    fi
    export PYTHONPATH=$folder${PYTHONPATH:+:$PYTHONPATH}
    say pytorch "$libtorch_is in third_party/pytorch"
  fi
  setup_vision
  release
  exec bench/run.sh "$@"
}

# setup_vision gives part data of the benchmarks its rivals: torchvision, which PyTorch x.y
# has as 0.(y+15), and kornia. Where pip cannot fetch them, the part goes without.
setup_vision() {
  local folder=$third/vision minor wheels
  (cd / && python3 -c 'import torchvision, kornia') 2>/dev/null && return
  minor=${libtorch_is#*.}
  wheels=(--no-deps "torchvision==0.$((${minor%%.*} + 15)).*" pillow==12.0.0 kornia==0.9.0 kornia-rs==0.2.0)
  if ! has_wheels "$folder" "${wheels[@]}"; then
    say vision 'fetching torchvision and kornia with pip'
    (install_wheels "$folder" 'fetching torchvision and kornia' "${wheels[@]}") ||
      say vision 'not fetched; part data goes without them'
  fi
  export PYTHONPATH=${PYTHONPATH:+$PYTHONPATH:}$folder
}

run_doctor() {
  local name found missing=0
  for name in platform go cxx python git 'disk 3'; do
    # shellcheck disable=SC2086
    found=$(check_$name) || { found="MISSING: $found" missing=1; }
    say "${name% *}" "$found"
  done
  if has_gpu; then
    say gpu "$(nvidia-smi --query-gpu=name --format=csv,noheader | paste -sd ,)"
  else
    say gpu none
  fi
  find_libtorch
  if [[ -d $libtorch ]]; then
    say libtorch "$(libtorch_version "$libtorch") from $libtorch_source: $libtorch"
  else
    say libtorch 'not there yet: ./build.sh fetches it'
  fi
  for name in third_party/gotorch/cgotorch/libcgotorch.so third_party/libctorch.so bin/sslmem; do
    if [[ -e $name ]]; then say built "$name"; else say unbuilt "$name"; fi
  done
  ((missing == 0)) || exit 1
  if [[ -x bin/sslmem ]]; then
    exec bin/sslmem doctor
  fi
}

export CGO_ENABLED=1
command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
# Where git cannot be asked (an archive, another owner's folder), go build must not ask it.
git rev-parse HEAD >/dev/null 2>&1 || export GOFLAGS="${GOFLAGS:-} -buildvcs=false"

command=${1:-build}
shift $(($# > 0))
case $command in
build | test | test-gpu | stress | matrix | doctor) (($# == 0)) || fail "$command takes no arguments, so not $1 either." ;;
esac
case $command in
build) build ;;
demo)
  build
  release
  exec bin/sslmem demo "$@"
  ;;
test) run_tests ;;
test-gpu) run_gpu_tests ;;
stress) run_stress ;;
matrix) run_matrix ;;
bench) run_bench "$@" ;;
doctor) run_doctor ;;
*) fail "there is no command $command: use build, demo, test, test-gpu, stress, matrix, bench or doctor." ;;
esac
