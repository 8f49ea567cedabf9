package python_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"sslmem/internal/python"
)

func TestRun(t *testing.T) {
	got := python.Run(t, "-c", "import os, sys; print(os.listdir('.'), sys.argv[1])", "argument")
	if string(got) != "[] argument\n" {
		t.Errorf("the script prints %q", got)
	}
}

// A recorder notes how Run ends a test, which then goes no further.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper() {}
func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	panic(r)
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	panic(r)
}

func TestRunEndsTheTest(t *testing.T) {
	run := func(args ...string) *recorder {
		r := &recorder{TB: t}
		func() {
			defer func() {
				if got := recover(); got != nil && got != any(r) {
					panic(got)
				}
			}()
			python.Run(r, args...)
		}()
		return r
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip(err)
	}
	if r := run("-c", "import no_such_library"); !strings.Contains(r.skipped, "all that -c needs") || r.failed != "" {
		t.Errorf("a missing library: skipped %q, failed %q", r.skipped, r.failed)
	}
	if r := run("-c", "raise SystemExit('no luck')"); !strings.Contains(r.failed, "no luck") || r.skipped != "" {
		t.Errorf("a script that fails: failed %q, skipped %q", r.failed, r.skipped)
	}
	t.Setenv("PATH", t.TempDir())
	if r := run("-c", "pass"); r.skipped == "" || r.failed != "" {
		t.Errorf("without python3: skipped %q, failed %q", r.skipped, r.failed)
	}
}
