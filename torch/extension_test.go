package torch_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// compileExtension compiles testdata/extension/ops.cc against the libtorch in
// use, or other C++ if source is given, and returns the library.
func compileExtension(t *testing.T, name, source string, flags ...string) string {
	t.Helper()
	lib := filepath.Dir(libtorch(t))
	include := filepath.Join(lib, "..", "include")
	if _, err := os.Stat(include); lib == "." || err != nil {
		t.Skip("the headers of libtorch are not there")
	}
	cxx, err := exec.LookPath("g++")
	if err != nil {
		t.Skip("there is no g++ to compile the operators with")
	}
	file := "testdata/extension/ops.cc"
	dir := t.TempDir()
	if source != "" {
		file = filepath.Join(dir, "source.cc")
		if err := os.WriteFile(file, []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, name+".so")
	args := append([]string{"-std=c++20", "-O0", "-w", "-shared", "-fPIC", "-isystem", include, file, "-o", out}, flags...)
	if strings.Contains(file, "testdata") {
		args = append(args, "-L", lib, "-ltorch_cpu", "-lc10", "-Wl,--allow-shlib-undefined")
	}
	if text, err := exec.Command(cxx, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out
}

func TestLoadLibrary(t *testing.T) {
	if testing.Short() {
		t.Skip("compiling against libtorch takes seconds")
	}
	torchtest.NoLeak(t)
	path := compileExtension(t, "ops", "", "-DNAMESPACE=sslmem_test")
	if torch.HasOp("sslmem_test::scaled_add") {
		t.Fatal("the operator is there before its library")
	}
	for range 2 { // the second does nothing
		if err := torch.LoadLibrary(path); err != nil {
			t.Fatal(err)
		}
	}
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, 2)
	near(t, "default", floats(call(t, "sslmem_test::scaled_add", x, x)), 3, 6)
	near(t, "named", floats(call(t, "sslmem_test::scaled_add", x, x, torch.Named{"scale": -1})), 0, 0)
	if v := call(t, "sslmem_test::facts", []int{3, 4, 5}); v.String() != "(3, 'sum', [12, 6])" || v.At(2).Floats()[1] != 6 {
		t.Errorf("facts gave %v", v)
	}
	if _, err := torch.Call("sslmem_test::scaled_add", x, x.Sum()); err == nil || !strings.Contains(err.Error(), "the shapes differ") {
		t.Errorf("error %v", err)
	}

	t.Run("the same operators again", func(t *testing.T) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), "copy.so")
		if err := os.WriteFile(copied, text, 0o755); err != nil {
			t.Fatal(err)
		}
		mustNotLoad(t, copied, "sslmem_test")
	})
}

func TestLoadLibraryErrors(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	elf := filepath.Join(dir, "elf.so")
	if err := os.WriteFile(elf, []byte("\x7fELF and no more"), 0o644); err != nil {
		t.Fatal(err)
	}
	mustNotLoad(t, filepath.Join(dir, "none.so"), "no such file")
	mustNotLoad(t, text, "not a shared library")
	mustNotLoad(t, dir, "not a shared library")
	mustNotLoad(t, elf, "elf.so")
	for name, c := range map[string]struct{ source, want string }{
		"other libtorch": {"namespace c10 { void not_in_this_version(); } void *p = (void *)c10::not_in_this_version;", "compile it against libtorch " + torch.Version()},
		"throws":         {"#include <stdexcept>\nstruct T { T() { throw std::runtime_error(\"no license\"); } } t;", "no license"},
		"crashes":        {"struct T { T() { *(volatile int *)8 = 1; } } t;", "it crashes when it is loaded"},
		"exits":          {"#include <unistd.h>\nstruct T { T() { _exit(1); } } t;", "it ends the process when it is loaded"},
	} {
		t.Run(name, func(t *testing.T) {
			mustNotLoad(t, compileExtension(t, "broken", c.source), c.want)
		})
	}
}

func mustNotLoad(t *testing.T, path, want string) {
	t.Helper()
	err := torch.LoadLibrary(path)
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one with %q and the path", err, want)
	}
}
