package rundir_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sslmem/cli/rundir"
	"sslmem/internal/config"
)

// fullBehind lets no file grow beyond n bytes until the returned function is
// called: writes fail half way, as on a full disk.
func fullBehind(t *testing.T, n uint64) (restore func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(unix.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		signal.Reset(unix.SIGXFSZ)
	}
}

// alone runs the calling test in a process of its own, where a limit on files
// meets no other file, such as the test log of go test. It returns true there;
// in the test's first process, where the other has passed, it returns false.
func alone(t *testing.T) bool {
	t.Helper()
	const env = "SSLMEM_TEST_ALONE"
	if os.Getenv(env) == t.Name() {
		return true
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), env+"="+t.Name())
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

func TestFullDiskWholeFiles(t *testing.T) {
	if !alone(t) {
		return
	}
	large := struct {
		Text string `toml:"text"`
	}{strings.Repeat("x", 10_000)}
	writers := map[string]func(path string) error{
		rundir.ConfigFile:  func(path string) error { return config.Save(path, large) },
		rundir.SummaryFile: func(path string) error { return rundir.WriteJSON(path, large) },
	}
	for name, write := range writers {
		for _, there := range []bool{false, true} {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			if there {
				touch(t, path)
			}
			restore := fullBehind(t, 5000)
			err := write(path)
			restore()
			if !errors.Is(err, unix.EFBIG) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %v", name, err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			if there {
				if text, err := os.ReadFile(path); err != nil || string(text) != "x" || len(entries) != 1 {
					t.Errorf("%s: the old file reads %q, %v, beside %d others", name, text, err, len(entries)-1)
				}
			} else if len(entries) != 0 {
				t.Errorf("%s: left behind: %v", name, entries)
			}
		}
	}
}

// TestFullDiskMetrics fills the disk in the middle of a row and frees it again.
func TestFullDiskMetrics(t *testing.T) {
	if !alone(t) {
		return
	}
	dir := t.TempDir()
	path := filepath.Join(dir, rundir.MetricsFile)
	m := open(t, path)
	write(t, m, row("f0", 1, 1))
	stat, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}

	restore := fullBehind(t, uint64(stat.Size())+4)
	err = m.Append(row("f0", 2, 2))
	rewound := m.Rewind("f0", 0) // the shorter file fits
	filled := m.Append(row(strings.Repeat("f", 100), 1))
	restore()
	if !errors.Is(err, unix.EFBIG) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if rewound != nil || filled == nil {
		t.Errorf("rewinding: %v, filling: %v", rewound, filled)
	}

	check(t, path)
	write(t, m, row("f0", 3, 3))
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	check(t, path, row("f0", 3, 3))
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestFullDiskRewind fails to write the shorter file: the longer one stays and
// can be appended to.
func TestFullDiskRewind(t *testing.T) {
	if !alone(t) {
		return
	}
	path := filepath.Join(t.TempDir(), rundir.MetricsFile)
	m := open(t, path)
	write(t, m, row("f0", 1, 1), row("f0", 2, 2))
	restore := fullBehind(t, 10)
	err := m.Rewind("f0", 1)
	restore()
	if !errors.Is(err, unix.EFBIG) {
		t.Errorf("got %v", err)
	}
	write(t, m, row("f0", 3, 3))
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	check(t, path, row("f0", 1, 1), row("f0", 2, 2), row("f0", 3, 3))
}

// A row that one of the files cannot take is in none, whichever it is.
func TestLogFullDisk(t *testing.T) {
	if !alone(t) {
		return
	}
	wide := make([]string, 100)
	for i := range wide {
		wide[i] = fmt.Sprint("c", i)
	}
	for file, c := range map[string]struct {
		columns []string
		models  int
	}{
		rundir.MetricsFile:    {wide, 1},
		rundir.LinesFile:      {wide[:1], 20},
		rundir.TensorBoardDir: {wide[:1], 1},
	} {
		dir := rundir.Dir(t.TempDir())
		l := openLog(t, dir, c.columns...)
		one := func(step int) rundir.Row {
			return rundir.Row{Model: fmt.Sprint("f", step%c.models), Step: step, Values: map[string]float64{"c0": 1}}
		}
		var rows []rundir.Row
		restore := fullBehind(t, 2000)
		var err error
		for step := 0; ; step++ {
			if err = l.Append(one(step)); err != nil {
				break
			}
			rows = append(rows, one(step))
		}
		restore()
		if !errors.Is(err, unix.EFBIG) || !strings.Contains(err.Error(), file) || len(rows) == 0 {
			t.Errorf("%d rows, then %v, want an error that names %s", len(rows), err, file)
		}
		checkLog(t, dir, rows...)
		next := one(len(rows))
		appendTo(t, l, next)
		closeLog(t, l)
		checkLog(t, dir, append(rows, next)...)
		points := 0
		for m := range c.models {
			points += len(curve(t, dir, fmt.Sprint("f", m), "c0"))
		}
		if points != len(rows)+1 {
			t.Errorf("TensorBoard shows %d points of %d", points, len(rows)+1)
		}
	}
}
