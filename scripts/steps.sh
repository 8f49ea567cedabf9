# shellcheck shell=bash disable=SC2154
# How build.sh says things and runs things, and its checks of the machine. Sourced with
# third (the outputs), log (the log of this run) and objects (its workshop) set.

say() { printf '%-9s %s\n' "$1" "$2"; }

fail() {
  printf 'build.sh: %s\n' "$1" >&2
  exit 1
}

# ---- steps ------------------------------------------------------------------------------

# hint FILE turns the usual ways in which a step fails into what can be done about it.
hint() {
  if grep -qE 'No space left on device|Errno 28' "$1"; then
    echo "The disk is full: free some space in $third and run it again."
  elif grep -qE 'no such host|name resolution|NameResolutionError|NewConnectionError|Network is unreachable|dial tcp|timed out|[Cc]onnection refused|TLS handshake|ProxyError|proxyconnect' "$1"; then
    echo 'The network could not be used: check the connection and the proxy (HTTPS_PROXY, GOPROXY, PIP_INDEX_URL) and run it again.'
  elif grep -q 'No matching distribution found' "$1"; then
    echo "pip has no such wheel for $(python3 --version 2>&1) on $(uname -m): use a Python from 3.10 to 3.14, or set LIBTORCH to a libtorch folder."
  elif grep -qE 'Killed|out of memory|annot allocate memory' "$1"; then
    echo 'The memory ran out: close other programs and run it again (one compiler needs up to 1.5 GB).'
  elif [[ ${libtorch_is:-$torch_version} != "$torch_version" ]] && grep -q 'error: ' "$1"; then
    echo "This code is tested with libtorch $torch_version, not $libtorch_is: LIBTORCH=pip ./build.sh takes that."
  fi
}

# broken WHAT FILE ends the build after a failed step: the end of its output, a hint, the log.
broken() {
  local advice
  advice=$(hint "$2")
  {
    tail -n 30 "$2" | sed 's/^/    /'
    printf 'build.sh: %s failed.%s\n' "$1" "${advice:+ $advice}"
    printf 'The whole log is %s\n' "$log"
  } >&2
  exit 1
}

# logged WHAT COMMAND... runs the command with its output in the log. The command has a
# process group of its own, so that stopping this script stops all of it.
logged() {
  local what=$1 output=$objects/step.log status=0
  shift
  printf '\n==> %s: %s\n' "$what" "$*" >>"$log"
  set -m
  "$@" </dev/null >"$output" 2>&1 &
  set +m
  wait $! || status=$?
  cat "$output" >>"$log"
  ((status == 0)) || broken "$what" "$output"
}

stop_jobs() {
  local group
  for group in $(jobs -p); do
    kill -TERM -- "-$group" 2>/dev/null || true
  done
}

# end_steps runs at the end, whatever the reason. What is half-done is called *.part.
end_steps() {
  stop_jobs
  wait
  rm -rf "$third"/*.part
}

# begin_steps takes the lock, which the processes started here share until they end, and
# opens the log.
begin_steps() {
  mkdir -p "$third"
  exec 9>"$third/.lock"
  if ! flock -n 9; then
    say waiting 'another build.sh is at work here'
    flock 9
  fi
  mkdir -p "$objects"
  rm -rf "$third"/*.part
  date >"$log"
  trap end_steps EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

# release gives the lock back, for what runs after the set-up.
release() { exec 9>&-; }

# hash_of prints a digest of its arguments, file_hash one of the contents of files.
hash_of() { printf '%s\0' "$@" | sha256sum | cut -c 1-64; }
file_hash() { cat -- "$@" | sha256sum | cut -c 1-64; }

# packages_without PATTERN lists the packages that need no package of such a path, neither
# themselves nor in their tests.
packages_without() {
  go list -test -f '{{.ImportPath}} {{join .Deps " "}}' ./... | awk -v pattern="$1" '
    { name = $1; sub(/\.test$/, "", name); sub(/_test$/, "", name); seen[name] = 1
      for (i = 1; i <= NF; i++) if ($i ~ pattern) needs[name] = 1 }
    END { for (name in seen) if (!needs[name]) print name }' | sort
}

# at_least HAVE WANT compares versions.
at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

# parallel_jobs MEGABYTES prints how many compilers of that size fit, at most one a core.
parallel_jobs() {
  local cores free jobs
  cores=$(nproc)
  free=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
  jobs=$((free / $1))
  ((jobs > cores)) && jobs=$cores
  ((jobs < 1)) && jobs=1
  echo "$jobs"
}

# ---- what must be on the machine --------------------------------------------------------

# Each check prints what it found; or it prints what is missing, with the way out, and
# returns 1.

# need CHECK... ends the build if one of the checks fails, after saying so of each.
need() {
  local check found missing=0
  for check; do
    # A check may have an argument: "check_disk 3".
    # shellcheck disable=SC2086
    found=$($check) || { missing=1 && printf 'build.sh: %s.\n' "$found" >&2; }
  done
  ((missing == 0)) || exit 1
}

check_platform() {
  local platform
  platform="$(uname -s) $(uname -m)"
  case $platform in
  'Linux x86_64' | 'Linux aarch64') echo "$platform" ;;
  *)
    echo "$platform is not supported, PyTorch's Linux wheels are for x86_64 and aarch64: use such a machine or a container"
    return 1
    ;;
  esac
}

check_go() {
  local version
  if ! command -v go >/dev/null; then
    echo 'Go is missing: install Go 1.26 or newer from https://go.dev/dl/ and put its bin folder into PATH'
    return 1
  fi
  # Go 1.21 and newer fetch the toolchain that go.mod names; older ones cannot.
  if ! version=$(go env GOVERSION 2>/dev/null) || ! at_least "${version#go}" 1.26; then
    version=$(GOTOOLCHAIN=local go version | cut -d ' ' -f 3)
    echo "Go 1.26 or newer is needed, this is ${version#go}: get it from https://go.dev/dl/ (Go 1.21 and newer fetch it themselves if GOTOOLCHAIN is unset)"
    return 1
  fi
  echo "${version#go}"
}

check_cxx() {
  local version
  if ! command -v g++ >/dev/null; then
    echo 'the C++ compiler is missing: apt install g++'
    return 1
  fi
  version=$(g++ -dumpfullversion -dumpversion)
  if ! at_least "$version" 11; then
    echo "g++ 11 or newer is needed for C++20, this is $version: install a newer one (apt install g++-12) and make it the g++ of PATH"
    return 1
  fi
  echo "g++ $version"
}

# check_python is for pip: Python itself is not needed where libtorch is there.
check_python() {
  local way_out='(or set LIBTORCH to a libtorch folder)'
  if ! command -v python3 >/dev/null; then
    echo "python3 is missing, whose pip fetches libtorch: apt install python3 python3-pip $way_out"
    return 1
  fi
  if ! python3 -m pip --version >/dev/null 2>&1; then
    echo "pip is missing, which fetches libtorch: apt install python3-pip $way_out"
    return 1
  fi
  python3 --version
}

check_git() {
  if ! command -v git >/dev/null; then
    echo 'git is missing, which tells the version that is built: apt install git'
    return 1
  fi
  git --version
}

# check_disk GIGABYTES
check_disk() {
  local free
  free=$(df -Pk "$third" | awk 'NR == 2 {printf "%.1f", $4 / 1048576}')
  if ! at_least "$free" "$1"; then
    echo "$1 GB of disk are needed in $third, $free GB are free: free some, or put this folder on another disk"
    return 1
  fi
  echo "$free GB free"
}

has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi >/dev/null 2>&1; }
