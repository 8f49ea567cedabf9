package gotorchx

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/wangkuiyi/gotorch"
	"golang.org/x/sys/unix"
)

// init undoes gotorch's choice of threads, which was made just before. It goes
// through gotorch, since the shim may be missing and an init must not fail.
func init() {
	if os.Getenv("OMP_NUM_THREADS") == "" && os.Getenv("MKL_NUM_THREADS") == "" {
		gotorch.SetNumThreads(int32(defaultThreads()))
	}
}

// defaultThreads is libtorch's own default, one thread a physical core.
func defaultThreads() int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return runtime.NumCPU()
	}
	return physicalCores("/sys/devices/system/cpu", func(cpu int) bool { return set.IsSet(cpu) })
}

// physicalCores counts the cores that the allowed CPUs belong to, by the list of
// siblings that Linux gives for each CPU under dir. Where there are no lists it
// returns [runtime.NumCPU].
func physicalCores(dir string, allowed func(cpu int) bool) int {
	lists, _ := filepath.Glob(filepath.Join(dir, "cpu[0-9]*", "topology", "thread_siblings_list"))
	cores := make(map[string]bool)
	for _, list := range lists {
		var cpu int
		name := filepath.Base(filepath.Dir(filepath.Dir(list)))
		if _, err := fmt.Sscanf(name, "cpu%d", &cpu); err != nil || !allowed(cpu) {
			continue
		}
		if siblings, err := os.ReadFile(list); err == nil {
			cores[string(siblings)] = true
		}
	}
	if len(cores) == 0 {
		return runtime.NumCPU()
	}
	return len(cores)
}
