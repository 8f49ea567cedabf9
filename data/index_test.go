package data

import (
	"fmt"
	"runtime"
	"testing"
)

// TestIndexMemory: the 1.3 million training images of ImageNet.
func TestIndexMemory(t *testing.T) {
	const classes, each = 1000, 1300
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	name := func(class, k int) (string, string) {
		return fmt.Sprintf("n%08d/", 1440764+class*1009), fmt.Sprintf("n%08d_%d.JPEG", 1440764+class*1009, 7*k)
	}
	before := heap()
	var x index
	for class := range classes {
		for k := range each {
			folder, base := name(class, k)
			if err := x.add(folder, base, class); err != nil {
				t.Fatal(err)
			}
		}
	}
	x.clip()
	used := heap() - before
	t.Logf("%d images take %.1f MB", x.len(), float64(used)/1e6)
	if used > 60e6 {
		t.Errorf("the index of %d images takes %.1f MB", x.len(), float64(used)/1e6)
	}
	for _, i := range []int{0, 1, each - 1, each, 777_777, classes*each - 1} {
		folder, base := name(i/each, i%each)
		if got := x.path(i); got != folder+base {
			t.Errorf("image %d is %q instead of %q", i, got, folder+base)
		}
	}
	runtime.KeepAlive(x)
}
