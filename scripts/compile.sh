# shellcheck shell=bash disable=SC2154
# Everything that g++ compiles against libtorch: gotorch and the shim. Sourced by build.sh
# after libtorch.sh.

readonly cxx=(g++ -std=c++20 -O2 -fPIC)
readonly gotorch_module=github.com/wangkuiyi/gotorch@v0.0.0-20201028015551-9afed2f3ad7b
readonly gotorch_sum='h1:oJfm5gCGdy9k2Yb+qmMR+HMRQ89CbVDsDi6DD9AZSTk='

# set_flags fills includes and links, and toolchain, a digest of all that is not a source.
set_flags() {
  includes=(-isystem "$libtorch/include" -isystem "$libtorch/include/torch/csrc/api/include")
  # Wheels before PyTorch 2.7 may take strings of the C++ library's old type, "Ss" for the linker.
  if grep -q ErrorC2ENS_14SourceLocationESs "$libtorch/lib/libc10.so"; then
    includes+=(-D_GLIBCXX_USE_CXX11_ABI=0)
  fi
  links=(-L "$libtorch/lib" -ltorch_cpu -lc10 -Xlinker -rpath -Xlinker "$libtorch/lib" -Xlinker --allow-shlib-undefined)
  toolchain=$(hash_of "$libtorch_is" "$(g++ -dumpfullversion -dumpversion)" "${cxx[@]}" "${includes[@]}" "${links[@]}")
}

# ---- gotorch ----------------------------------------------------------------------------

# setup_gotorch fills third_party/gotorch, which go.mod puts in place of the module, with
# gotorch's packages that need no OpenCV, and compiles its C++ sources as they are. They
# are one unit for the compiler, since libtorch's headers cost 20 s and 1.3 GB a unit.
setup_gotorch() {
  local dir=$third/gotorch info source part stamp
  stamp=$(hash_of "$toolchain" $gotorch_module $gotorch_sum)
  if [[ -f $dir/.stamp && $(<"$dir/.stamp") == "$stamp" ]]; then
    say gotorch ready
    return
  fi
  say gotorch 'compiling (about half a minute)'
  logged 'fetching gotorch' env -C / GOFLAGS=-mod=mod go mod download -json $gotorch_module
  info=$(<"$objects/step.log")
  [[ $info == *"\"Sum\": \"$gotorch_sum\""* ]] ||
    fail "gotorch's sources are not the pinned ones ($gotorch_sum): check GOPROXY, run go clean -modcache and try again."
  source=$(sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' <<<"$info")

  find "$dir" -mindepth 1 -maxdepth 1 ! -name go.mod -exec rm -rf {} +
  mkdir -p "$dir/vision"
  for part in "$source"/*.go "$source"/{LICENSE,cgotorch,nn,variadic}; do
    cp -R --no-preserve=mode "$part" "$dir/"
  done
  cp -R --no-preserve=mode "$source/vision/models" "$dir/vision/"
  find "$dir" -name '*_test.go' -delete

  # Its #cgo lines look for -ltorch here first; the real one would drag libtorch_cuda.so in.
  echo 'INPUT(-ltorch_cpu)' >"$dir/cgotorch/libtorch.so"
  mkdir "$dir/cgotorch/libtorch"
  ln -s "$libtorch/lib" "$dir/cgotorch/libtorch/lib"
  for part in "$dir"/cgotorch/*.cc; do
    echo "#include \"cgotorch/${part##*/}\""
  done >"$objects/gotorch.cc"
  logged 'compiling gotorch' "${cxx[@]}" -w "${includes[@]}" -I "$dir" -shared "$objects/gotorch.cc" \
    -o "$dir/cgotorch/libcgotorch.so" "${links[@]}"
  echo "$stamp" >"$dir/.stamp"
}

# ---- the shim ---------------------------------------------------------------------------

# An object NAME.o has NAME.d, the files of this repository that it was made of as the
# compiler listed them, and NAME.sig, the digest of the flags and of those files.

object_inputs() { sed -e 's/^[^:]*://' -e 's/\\$//' "$1.d" | tr -s ' ' '\n' | sed '/^$/d'; }

object_signature() {
  local files
  mapfile -t files < <(object_inputs "$1")
  hash_of "$toolchain" "$(file_hash "${files[@]}" 2>/dev/null)"
}

object_is_current() {
  [[ -f $1.o && -f $1.d && -f $1.sig && $(<"$1.sig") == "$(object_signature "$1")" ]]
}

# compile_object NAME SOURCE. An object whose inputs are edited meanwhile gets no signature,
# and so is compiled again next time.
compile_object() {
  rm -f "$1.sig"
  touch "$1.begin"
  "${cxx[@]}" -fvisibility=hidden -Wall -Wextra "${includes[@]}" -I torch/shim \
    -MMD -MF "$1.d" -c "$2" -o "$1.o" >"$1.log" 2>&1 || return 1
  if [[ -z $(object_inputs "$1" | xargs -r -I {} find {} -newer "$1.begin") ]]; then
    object_signature "$1" >"$1.sig"
  fi
}

# await_object PID NAME ends the build, and the other compilers, if this one failed.
await_object() {
  local status=0
  wait "$1" || status=$?
  cat "$2.log" >>"$log"
  if ((status != 0)); then
    stop_jobs
    broken "compiling torch/shim/${2#"$objects/"}.cc against libtorch $libtorch_is" "$2.log"
  fi
}

# compile_objects OBJECT... compiles torch/shim/NAME.cc for each $objects/NAME, so many at
# once as the memory allows.
compile_objects() {
  local limit name pids=() waiting=()
  limit=$(parallel_jobs 1000)
  for name; do
    set -m
    compile_object "$name" "torch/shim/${name#"$objects/"}.cc" </dev/null &
    set +m
    pids+=($!) waiting+=("$name")
    if ((${#pids[@]} == limit)); then
      await_object "${pids[0]}" "${waiting[0]}"
      pids=("${pids[@]:1}") waiting=("${waiting[@]:1}")
    fi
  done
  for name in "${!pids[@]}"; do
    await_object "${pids[$name]}" "${waiting[$name]}"
  done
}

# make_library FILE WHAT OBJECT... compiles the objects that are not current and links all
# of them. FILE.stamp in the workshop is the digest of what went into it.
make_library() {
  local file=$1 what=$2 stale=() stamp name
  shift 2
  for name; do
    object_is_current "$name" || stale+=("$name")
  done
  if ((${#stale[@]} > 0)); then
    say "$what" "compiling ${#stale[@]} of $# files (up to 20 s each)"
    compile_objects "${stale[@]}"
  fi
  stamp=$(hash_of "$toolchain" "$(file_hash "${@/%/.o}")")
  name=$objects/$(basename "$file")
  if [[ ! -f $file || ! -f $name.stamp || $(<"$name.stamp") != "$stamp" ]]; then
    logged "linking $(basename "$file")" g++ -shared "${@/%/.o}" -o "$name.part" "${links[@]}"
    mv "$name.part" "$file"
    echo "$stamp" >"$name.stamp"
  fi
  say "$what" ready
}

# object_names SOURCE... prints the objects of the shim's sources.
object_names() {
  local source
  for source; do
    source=${source#torch/shim/}
    echo "$objects/${source%.cc}"
  done
}

# setup_shim makes libctorch.so in $out of torch/shim/*.cc.
setup_shim() {
  local names
  mapfile -t names < <(object_names torch/shim/*.cc)
  make_library "$out/libctorch.so" shim "${names[@]}"
}

# setup_cuda_shim makes libctorch_cuda.so in $out of torch/shim/cuda/*.cc and the shim's
# errors.cc. No GPU is needed for that, but a libtorch that was built for one, and NVIDIA's
# headers.
setup_cuda_shim() {
  local names headers=$third/cuda-headers folder
  if [[ ! -f $libtorch/lib/libtorch_cuda.so ]]; then
    say 'cuda part' 'none: this libtorch is for the CPU only'
    return
  fi
  if ! readelf -d "$libtorch/lib/libtorch_cuda.so" | grep -q 'libcudart\.so\.13'; then
    say 'cuda part' 'none: it is for CUDA 13, and this libtorch is built for another version'
    return
  fi
  if ! has_wheels "$headers" --no-deps "${wheels_headers[@]}"; then
    need check_python
    say 'cuda part' "fetching NVIDIA's headers with pip (5 MB)"
    install_wheels "$headers" "fetching NVIDIA's headers" --no-deps "${wheels_headers[@]}"
  fi
  folder=$headers/nvidia/cu13/include
  # The functions called here see these in place of those of set_flags.
  local includes=("${includes[@]}" -isystem "$folder" -isystem "$folder/cccl")
  local links=("$objects/errors.o" -L "$libtorch/lib" -ltorch_cuda -lc10_cuda "${links[@]}")
  local inner
  inner=$(hash_of "$toolchain" "$(<"$objects/errors.sig")" "${wheels_headers[@]}")
  local toolchain=$inner
  mkdir -p "$objects/cuda"
  mapfile -t names < <(object_names torch/shim/cuda/*.cc)
  make_library "$out/libctorch_cuda.so" 'cuda part' "${names[@]}"
}

# ---- the benchmarks' C++ side -------------------------------------------------------------

# setup_bench makes bin/bench-cpp, single operations on the same libtorch without Go.
setup_bench() {
  local source=bench/cpp/ops.cc stamp
  stamp=$(hash_of "$toolchain" "$(file_hash $source)")
  if [[ ! -x bin/bench-cpp || ! -f $objects/bench.stamp || $(<"$objects/bench.stamp") != "$stamp" ]]; then
    say bench 'compiling the C++ side (about half a minute)'
    logged 'compiling the C++ side of the benchmarks' "${cxx[@]}" "${includes[@]}" $source -o bin/bench-cpp "${links[@]}"
    echo "$stamp" >"$objects/bench.stamp"
  fi
}
