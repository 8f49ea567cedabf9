package atomicfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"sslmem/data/atomicfile"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// want checks that dir holds exactly the file name with the given content.
func want(t *testing.T, dir, name, content string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || string(got) != content {
		t.Errorf("%s holds %.40q (%v), want %.40q", name, got, err, content)
	}
	wantNames(t, dir, name)
}

func wantNames(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(names) {
		t.Errorf("the folder holds %v, want %v", got, names)
	}
}

func TestWriteAndReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	long := strings.Repeat("0123456789", 50000)
	for _, s := range []string{"first", long, "", "last"} {
		if err := atomicfile.Write(path, text(s)); err != nil {
			t.Fatal(err)
		}
		want(t, dir, "a.csv", s)
	}
}

func TestErrorKeepsOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	if err := atomicfile.Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := atomicfile.Write(path, func(w io.Writer) error {
		w.Write(make([]byte, 1<<20))
		return boom
	})
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v should wrap the cause and name the file", err)
	}
	want(t, dir, "a.csv", "old")
}

func TestPanicKeepsOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	if err := atomicfile.Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		atomicfile.Write(path, func(w io.Writer) error {
			io.WriteString(w, "new")
			panic("boom")
		})
	}()
	want(t, dir, "a.csv", "old")
}

func TestBadTargets(t *testing.T) {
	dir := t.TempDir()
	err := atomicfile.Write(filepath.Join(dir, "no", "a.csv"), text("x"))
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "create it first") {
		t.Errorf("missing folder: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(filepath.Join(dir, "sub"), text("x")); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error("a folder was replaced by a file")
	}
	wantNames(t, dir, "sub")
}

func TestPermissionsAndLinks(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "a"), filepath.Join(dir, "link")
	if err := os.WriteFile(path, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a", link); err != nil {
		t.Skip(err)
	}
	if err := atomicfile.Write(link, text("new")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v %v", info, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 || info.Size() != 3 {
		t.Errorf("target is %v (%v), want mode 0640 and 3 bytes", info, err)
	}
	wantNames(t, dir, "a", "link")
}

func TestConcurrentWriters(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			block := bytes.Repeat([]byte{byte('a' + i)}, 1<<17)
			for range 5 {
				if err := atomicfile.Write(path, text(string(block))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := os.ReadFile(path)
	if err != nil || len(got) != 1<<17 || bytes.Count(got, got[:1]) != len(got) {
		t.Errorf("the file mixes writers: %d bytes, %v", len(got), err)
	}
	wantNames(t, dir, "a")
}

// TestFullDisk lets the kernel refuse a write half-way. It runs itself in a
// process whose files may not grow beyond 100 kB, which to the writer is just
// like a full disk: write(2) fails after some of the bytes.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv("ATOMICFILE_DIR"); dir != "" {
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: 100000, Max: 100000}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
		// With small pieces, the last of them leave the buffer only at its flush.
		for _, piece := range []int{1, 1 << 20} {
			err := atomicfile.Write(filepath.Join(dir, "a"), func(w io.Writer) error {
				for n := 0; n < 100001; n += piece {
					if _, err := w.Write(make([]byte, piece)); err != nil {
						return err
					}
				}
				return nil
			})
			if !errors.Is(err, syscall.EFBIG) {
				t.Errorf("writing pieces of %d bytes: %v, want EFBIG", piece, err)
			}
		}
		return
	}
	dir := t.TempDir()
	if err := atomicfile.Write(filepath.Join(dir, "a"), text("old")); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0], "-test.run=^TestFullDisk$")
	c.Env = append(os.Environ(), "ATOMICFILE_DIR="+dir)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want(t, dir, "a", "old")
}

func ExampleWrite() {
	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "scores.csv")
	err := atomicfile.Write(path, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, "index,m\n17,0.25")
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	b, _ := os.ReadFile(path)
	fmt.Printf("%s", b)
	// Output:
	// index,m
	// 17,0.25
}
