package gotorchx

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// threadsAtStart is the number of threads after init; torchtest.Main sets one.
var threadsAtStart int

func TestMain(m *testing.M) {
	if torch.Init() == nil { // a test says what is wrong if it needs the library
		threadsAtStart = torch.NumThreads()
	}
	torchtest.Main(m)
}

// writeTopology lays out siblings[i] as the list of CPU i.
func writeTopology(t *testing.T, siblings []string) string {
	t.Helper()
	dir := t.TempDir()
	for cpu, list := range siblings {
		at := filepath.Join(dir, "cpu"+strconv.Itoa(cpu), "topology")
		if err := os.MkdirAll(at, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, "thread_siblings_list"), []byte(list+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPhysicalCores(t *testing.T) {
	all := func(int) bool { return true }
	for name, p := range map[string]struct {
		siblings []string
		allowed  func(int) bool
		want     int
	}{
		"one thread a core":         {[]string{"0", "1", "2"}, all, 3},
		"two threads a core":        {[]string{"0,4", "1,5", "2,6", "3,7", "0,4", "1,5", "2,6", "3,7"}, all, 4},
		"neighbours share a core":   {[]string{"0-1", "0-1", "2-3", "2-3"}, all, 2},
		"half of the CPUs allowed":  {[]string{"0,2", "1,3", "0,2", "1,3"}, func(cpu int) bool { return cpu%2 == 0 }, 1},
		"CPU 10 is not taken for 1": {[]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}, func(cpu int) bool { return cpu == 10 }, 1},
		"no lists":                  {nil, all, runtime.NumCPU()},
	} {
		if got := physicalCores(writeTopology(t, p.siblings), p.allowed); got != p.want {
			t.Errorf("%s: %d cores, want %d", name, got, p.want)
		}
	}
}

func TestInitSetsThreadsBack(t *testing.T) {
	if os.Getenv("OMP_NUM_THREADS") != "" || os.Getenv("MKL_NUM_THREADS") != "" {
		t.Skip("the environment chooses the number of threads")
	}
	if want := defaultThreads(); threadsAtStart != want {
		t.Errorf("%d threads, want %d", threadsAtStart, want)
	}
}
