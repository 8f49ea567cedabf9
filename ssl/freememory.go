package ssl

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"

	"sslmem/torch"
	"sslmem/torch/cuda"
)

// freeOnDevice returns the bytes of a GPU that this process may still take.
func freeOnDevice(d torch.Device) (int64, error) {
	free, _, err := cuda.MemGetInfo(d.Index)
	return free, err
}

// freeOnHost returns the bytes of the host that this process may still take, 0 if the
// system does not say.
func freeOnHost() int64 {
	free := procField("/proc/meminfo", "MemAvailable:")
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &limit); err == nil && limit.Cur < 1<<62 {
		free = min(free, int64(limit.Cur)-procField("/proc/self/status", "VmSize:"))
	}
	if limit, used := cgroup("memory.max"), cgroup("memory.current"); limit > 0 {
		free = min(free, limit-used)
	}
	return max(free, 0)
}

// procField returns the bytes that a line such as "VmSize:  12 kB" names, 0 if there is
// no such line.
func procField(path, key string) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), key); ok {
			kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}

// cgroup returns a number of this container's limits, 0 if there is none.
func cgroup(name string) int64 {
	text, err := os.ReadFile("/sys/fs/cgroup/" + name)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n
}
