// Package python runs the Python scripts that tests compare with.
package python

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Run runs python3 with the given arguments, of which the first is a script,
// relative to the test's own folder, or "-c". It returns what the script prints.
// Paths among the other arguments must be absolute: it runs in a folder of its
// own, where this module's folder torch does not hide PyTorch. The test is
// skipped where there is no python3 or a library that the script imports is
// missing, and fails where the script does.
func Run(t testing.TB, args ...string) []byte {
	t.Helper()
	script := args[0]
	if script != "-c" {
		path, err := filepath.Abs(script)
		if err != nil {
			t.Fatal(err)
		}
		args = append([]string{path}, args[1:]...)
	}
	cmd := exec.Command("python3", append([]string{"-B", "-W", "ignore"}, args...)...)
	cmd.Dir = t.TempDir()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	switch {
	case errors.Is(err, exec.ErrNotFound) || strings.Contains(stderr.String(), "ModuleNotFoundError"):
		t.Skipf("there is no python3 that can import all that %s needs", script)
	case err != nil:
		t.Fatalf("%s: %v\n%s%s", script, err, bytes.TrimSpace(out), stderr.String())
	}
	return out
}
