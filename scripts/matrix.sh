# shellcheck shell=bash disable=SC2154,SC2034
# The versions of libtorch that the code is tested with. Sourced by build.sh after
# compile.sh.

readonly matrix_versions=("$torch_version" 2.11.0)

# matrix_libtorch VERSION sets libtorch to a libtorch of this version: the one that
# build.sh would choose anyway, or else pip's wheel in third_party/matrix.
matrix_libtorch() {
  local folder=$third/matrix/$1/libtorch wheels=(--no-deps "torch==$1" "${wheels_cpu[@]:1}")
  find_libtorch
  if [[ ! -d $libtorch || $(libtorch_version "$libtorch") != "$1" ]]; then
    libtorch=$folder/torch
    if ! has_wheels "$folder" "${wheels[@]}"; then
      need check_python 'check_disk 3'
      say libtorch "fetching PyTorch $1 with pip (about 0.6 GB)"
      install_wheels "$folder" "fetching libtorch $1" "${wheels[@]}"
    fi
  fi
  libtorch_is=$(libtorch_version "$libtorch")
  say libtorch "$libtorch_is: $libtorch"
}

# matrix_build VERSION makes the shim and its CUDA part in third_party/matrix/VERSION, beside
# the ones that the program uses.
matrix_build() {
  out=$third/matrix/$1
  objects=$out/build
  mkdir -p "$objects"
  matrix_libtorch "$1"
  set_flags
  setup_shim
  setup_cuda_shim
}

# run_matrix builds and tests against each version, goes on after a failure, and prints a
# table at the end.
run_matrix() {
  local version folder status=0 failed=0 built ops tests packages rows=()
  need check_platform check_go check_cxx
  begin_steps
  # gotorch's library is built against one libtorch only, and a process can have but one.
  mapfile -t packages < <(packages_without wangkuiyi)
  for version in "${matrix_versions[@]}"; do
    folder=$third/matrix/$version ops=- tests=-
    # In a process of its own, so that a failure ends only that; not in a condition, where
    # bash would go on after errors.
    set -m
    (
      trap 'stop_jobs; exit 143' TERM
      matrix_build "$version"
    ) </dev/null &
    set +m
    status=0
    wait $! || status=$?
    if ((status == 0)); then
      built=ok
      [[ -f $folder/libctorch_cuda.so ]] && built='ok, with CUDA part'
      say testing "against libtorch $version"
      # -count 1, as in run_tests.
      SSLMEM_SHIM=$folder/libctorch.so go test -count 1 -v -run '^(TestInit|TestOps)$' ./torch >"$folder/ops.log" 2>&1 || failed=1
      grep -qF "libtorch $version from $folder/libctorch.so" "$folder/ops.log" || failed=1
      ops="$(grep -c '^    --- PASS' "$folder/ops.log" || true) of $(grep -c '^    --- ' "$folder/ops.log" || true)"
      SSLMEM_SHIM=$folder/libctorch.so go test -count 1 "${packages[@]}" >"$folder/test.log" 2>&1 || failed=1
      tests="$(grep -cE '^ok ' "$folder/test.log" || true) packages pass, $(grep -cE '^FAIL\s+sslmem' "$folder/test.log" || true) fail"
    else
      built=failed failed=1
    fi
    rows+=("$(printf '%-10s %-20s %-14s %s' "$version" "$built" "$ops" "$tests")")
  done
  printf '\n%-10s %-20s %-14s %s\n' libtorch build 'op fixtures' 'go test'
  printf '%s\n' "${rows[@]}"
  if ((failed != 0)); then
    fail "not all is well: see third_party/matrix/VERSION/test.log, ops.log there and $log."
  fi
}
