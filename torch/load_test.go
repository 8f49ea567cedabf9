package torch_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sslmem/torch"
)

func TestInit(t *testing.T) {
	if err := torch.Init(); err != nil {
		t.Fatal(err)
	}
	if torch.Version() == "" || filepath.Base(torch.LibraryPath()) != "libctorch.so" {
		t.Errorf("version %q from %q", torch.Version(), torch.LibraryPath())
	}
	t.Logf("libtorch %s from %s", torch.Version(), torch.LibraryPath())
}

// runChild runs this program as the child of the name with one more variable.
func runChild(t *testing.T, name, variable string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SSLMEM_TEST_CHILD="+name, variable)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestBadShim starts a process a case, since a library is loaded once.
func TestBadShim(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, want string }{
		"missing":             {filepath.Join(dir, "none.so"), "none.so, which cannot be read; unset it"},
		"not a library":       {text, "text.so does not load ("},
		"a folder":            {dir, "does not load ("},
		"some other library":  {libc(t), "is not the shim of this version"},
		"libtorch, not shim":  {libtorch(t), "is not the shim of this version"},
		"the right one still": {torch.LibraryPath(), "<nil> false"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.path == "" {
				t.Skip("there is no such library here")
			}
			out := runChild(t, "init", "SSLMEM_SHIM="+c.path)
			if !strings.Contains(out, c.want) {
				t.Errorf("%q is not in the output:\n%s", c.want, out)
			}
			if c.path == torch.LibraryPath() {
				return
			}
			lines := strings.Split(out, "\n")
			if !strings.HasSuffix(lines[0], " true") || !strings.Contains(lines[0], c.path) {
				t.Errorf("the error does not wrap ErrNoLibrary, or does not name the file: %s", lines[0])
			}
			if !strings.Contains(lines[1], "torch: full: libtorch is not available") {
				t.Errorf("a tensor was made: %s", lines[1])
			}
			if lines[2] != `"" "" 0` {
				t.Errorf("version, path and count %s", lines[2])
			}
		})
	}
}

func libc(t *testing.T) string {
	found, err := filepath.Glob("/lib/*/libm.so.6")
	if err != nil {
		t.Fatal(err)
	}
	return first(found)
}

func libtorch(t *testing.T) string {
	out, err := exec.Command("ldd", torch.LibraryPath()).Output()
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) > 2 && strings.HasPrefix(fields[0], "libc10.so") {
			return fields[2]
		}
	}
	return ""
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
