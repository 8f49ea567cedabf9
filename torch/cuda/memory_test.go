package cuda

import (
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	got := summary(1, Stats{
		AllocatedBytes: Stat{Current: 1 << 20, Peak: 3 << 20, Allocated: 9 << 20, Freed: 8 << 20},
		Segment:        Stat{Current: 4, Peak: 5, Allocated: 6, Freed: 2},
		NumOOMs:        2,
	})
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if len(lines) != 8 || lines[0] != "cuda:1  2 out of memory, 0 retries" {
		t.Fatalf("%d lines:\n%s", len(lines), got)
	}
	for i, want := range map[int]string{
		2: "allocated 1.0 MiB 3.0 MiB 9.0 MiB 8.0 MiB", 5: "reserved 0.0 MiB 0.0 MiB 0.0 MiB 0.0 MiB", 7: "segments 4 5 6 2",
	} {
		if line := strings.Join(strings.Fields(lines[i]), " "); line != want {
			t.Errorf("line %d is %q, want %q", i, line, want)
		}
	}
}
