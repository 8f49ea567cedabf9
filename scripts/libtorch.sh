# shellcheck shell=bash disable=SC2154,SC2034
# Where libtorch comes from. Sourced by build.sh after steps.sh; sets libtorch (the folder
# with lib and include), libtorch_is (its version) and libtorch_source.

readonly torch_version=2.14.1 torch_oldest=2.6
# What libtorch_cpu.so is linked with, and what libtorch_cuda.so wants beside that.
readonly wheels_cpu=("torch==$torch_version" nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85)
readonly wheels_cuda=("${wheels_cpu[@]}" nvidia-cublas==13.1.1.3 nvidia-cuda-nvrtc==13.0.88
  nvidia-cudnn-cu13==9.24.0.43 nvidia-cufft==12.0.0.61 nvidia-cufile==1.15.1.6 nvidia-curand==10.4.0.35
  nvidia-cusolver==12.0.4.66 nvidia-cusparse==12.6.3.3 nvidia-cusparselt-cu13==0.8.1 nvidia-nccl-cu13==2.30.7
  nvidia-nvjitlink==13.5.37 nvidia-nvshmem-cu13==3.4.5 nvidia-nvtx==13.0.85)
# Headers of CUDA, for the CUDA part of the shim: they are needed without a GPU too.
readonly wheels_headers=(nvidia-cuda-runtime==13.0.96 nvidia-cuda-crt==13.0.88 nvidia-cuda-cccl==13.0.85)
readonly python_source='the PyTorch of python3'

# libtorch_home FOLDER prints FOLDER or FOLDER/torch, whichever has libtorch's lib and include.
libtorch_home() {
  local home
  for home in "$1" "$1/torch"; do
    if [[ -f $home/lib/libtorch_cpu.so && -f $home/include/torch/csrc/api/include/torch/version.h ]]; then
      (cd "$home" && pwd -P)
      return
    fi
  done
  return 1
}

# libtorch_version HOME prints 2.14.1, say. Newer versions have the numbers in headeronly.
libtorch_version() {
  find "$1/include/torch" \( -path '*/api/include/torch/version.h' -o -path '*/headeronly/version.h' \) -exec cat {} + |
    sed -n 's/^#define TORCH_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' | paste -sd .
}

# python_libtorch prints the torch package folder of python3, if there is one. It asks
# outside of this folder, whose torch/ Python would take for a package.
python_libtorch() {
  command -v python3 >/dev/null || return 1
  (cd / && python3 -c '
import importlib.util, pathlib, sys
spec = importlib.util.find_spec("torch")
if spec is None or spec.origin is None:
    sys.exit(1)
print(pathlib.Path(spec.origin).parent)')
}

find_libtorch() {
  if [[ -n ${LIBTORCH:-} && $LIBTORCH != pip ]]; then
    libtorch_source=LIBTORCH
    libtorch=$(libtorch_home "$LIBTORCH") ||
      fail "LIBTORCH is $LIBTORCH, which is no libtorch (neither it nor its torch folder has lib/libtorch_cpu.so and include): point it to an unpacked libtorch, or unset it and libtorch will be fetched."
  elif [[ ${LIBTORCH:-} != pip ]] && libtorch=$(python_libtorch) && libtorch=$(libtorch_home "$libtorch") &&
    at_least "$(libtorch_version "$libtorch")" $torch_oldest; then
    libtorch_source=$python_source
  else
    libtorch_source=pip
    libtorch=$third/libtorch/torch
  fi
}

# install_wheels FOLDER WHAT ARGUMENT... has pip put wheels into FOLDER, which stays as it
# was if that fails. FOLDER/.wheels holds the arguments.
install_wheels() {
  local folder=$1 what=$2 part=$1.part
  shift 2
  rm -rf "$part"
  mkdir -p "$part/tmp"
  TMPDIR=$part/tmp logged "$what" python3 -m pip install --disable-pip-version-check --no-input \
    --no-warn-script-location --progress-bar off --target "$part/files" "$@"
  printf '%s\n' "$*" >"$part/files/.wheels"
  rm -rf "$folder"
  mv -T "$part/files" "$folder"
  rm -rf "$part"
}

# has_wheels FOLDER ARGUMENT... tells whether install_wheels was run so.
has_wheels() {
  local folder=$1
  shift
  [[ -f $folder/.wheels && $(<"$folder/.wheels") == "$*" ]]
}

# libtorch_wheels sets wheels to what this machine wants, and wheels_download and wheels_disk
# to their size in GB.
libtorch_wheels() {
  if has_gpu; then
    wheels=(--no-deps "${wheels_cuda[@]}") wheels_download=2.5 wheels_disk=8
  else
    wheels=(--no-deps "${wheels_cpu[@]}") wheels_download=0.6 wheels_disk=3
  fi
}

# libtorch_is_fetched tells whether pip has nothing to do. The wheels for a GPU serve a
# machine without one too.
libtorch_is_fetched() {
  [[ $libtorch_source != pip ]] || has_wheels "$third/libtorch" "${wheels[@]}" ||
    has_wheels "$third/libtorch" --no-deps "${wheels_cuda[@]}"
}

# setup_libtorch fetches what find_libtorch has chosen, if it must, and checks it. The choice
# is written to third_party/libtorch.env.
setup_libtorch() {
  local missing choice
  if ! libtorch_is_fetched; then
    say libtorch "fetching PyTorch $torch_version with pip (about $wheels_download GB)"
    install_wheels "$third/libtorch" 'fetching libtorch' "${wheels[@]}"
  fi
  libtorch_is=$(libtorch_version "$libtorch")
  at_least "$libtorch_is" $torch_oldest ||
    fail "libtorch $torch_oldest or newer is needed, the one in $libtorch is $libtorch_is: unset LIBTORCH and $torch_version will be fetched."
  missing=$(ldd "$libtorch/lib/libtorch_cpu.so" | awk '/not found/ {print $1}' | paste -sd ' ')
  [[ -z $missing ]] ||
    fail "libtorch in $libtorch cannot be loaded without $missing: repair that installation, or build with LIBTORCH=pip."
  choice=$(printf 'home=%s\nversion=%s\nsource=%s' "$libtorch" "$libtorch_is" "$libtorch_source")
  if [[ ! -f $third/libtorch.env || $(<"$third/libtorch.env") != "$choice" ]]; then
    printf '%s\n' "$choice" >"$third/libtorch.env.part"
    mv "$third/libtorch.env.part" "$third/libtorch.env"
  fi
  say libtorch "$libtorch_is from $libtorch_source: $libtorch"
}
