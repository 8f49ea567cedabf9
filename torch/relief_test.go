package torch_test

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"sslmem/torch"
)

// reliefChild has room for one of two large tensors. The first is garbage that
// Go has not collected when the second is made.
func reliefChild() string {
	debug.SetGCPercent(-1)
	const room = 1 << 30
	if err := torch.Init(); err != nil {
		return err.Error()
	}
	torch.NewScope().Zeros([]int{1}, torch.Float32, torch.CPU)
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err.Error()
	}
	var pages uint64
	fmt.Sscan(string(text), &pages)
	limit := syscall.Rlimit{Cur: pages*uint64(os.Getpagesize()) + room, Max: 1<<64 - 1}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &limit); err != nil {
		return err.Error()
	}
	large := func() *torch.Tensor { return torch.Root.Empty([]int{room / 8 * 5}, torch.Uint8, torch.CPU) }
	for range 4 {
		if err := torch.Try(func() { large() }); err != nil {
			return err.Error()
		}
	}
	kept := large()
	err = torch.Try(func() { large() })
	runtime.KeepAlive(kept)
	return fmt.Sprint("fits, and beside a living one: ", err)
}

// When memory runs out, what Go does not reach is freed and the operation is
// tried again; only then is it an error.
func TestRelief(t *testing.T) {
	out := runChild(t, "relief", "GODEBUG=")
	if !strings.HasPrefix(out, "fits, and beside a living one: torch: empty: out of memory: ") {
		t.Error(out)
	}
}
