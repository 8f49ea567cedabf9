package rundir_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sslmem/cli/rundir"
)

func row(model string, step int, values ...float64) rundir.Row {
	r := rundir.Row{Model: model, Step: step, Values: map[string]float64{}}
	for i, v := range values {
		r.Values[[]string{"loss", "lr"}[i]] = v
	}
	return r
}

func open(t *testing.T, path string) *rundir.Metrics {
	t.Helper()
	m, err := rundir.OpenMetrics(path, "loss", "lr")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func write(t *testing.T, m *rundir.Metrics, rows ...rundir.Row) {
	t.Helper()
	for _, r := range rows {
		if err := m.Append(r); err != nil {
			t.Fatal(err)
		}
	}
}

func check(t *testing.T, path string, want ...rundir.Row) {
	t.Helper()
	got, err := rundir.ReadMetrics(path)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) { // NaN is not DeepEqual to itself
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestMetrics(t *testing.T) {
	path := filepath.Join(t.TempDir(), rundir.MetricsFile)
	m := open(t, path)
	check(t, path)
	rows := []rundir.Row{
		row("f0", 0), row("f0", 1, 0.30000000000000004, 1e-3), row("f0", 2, math.NaN()), row("f0", 3, math.Inf(-1), 5e-324), row(`g "0", x`, -1, 1),
	}
	for i, r := range rows {
		write(t, m, r)
		check(t, path, rows[:i+1]...)
	}
	if err := m.Sync(); err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "model,step,loss,lr\nf0,0,,\nf0,1,0.30000000000000004,0.001\nf0,2,NaN,\nf0,3,-Inf,5e-324\n\"g \"\"0\"\", x\",-1,1,\n"
	if string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if err := m.Append(row("f0", 4)); err == nil {
		t.Error("appending to a closed file succeeded")
	}
}

// TestMetricsAfterCrash ends the file after every byte of its last row, as a
// crash may, and goes on.
func TestMetricsAfterCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), rundir.MetricsFile)
	m := open(t, path)
	write(t, m, row("f0", 1, 1), row("f0", 2, 22, 222))
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(text) {
		if err := os.WriteFile(path, text[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		var want []rundir.Row
		switch lines := strings.Count(string(text[:n]), "\n"); {
		case lines == 2:
			want = append(want, row("f0", 1, 1))
			check(t, path, want...)
		case lines == 1:
			check(t, path)
		}
		m := open(t, path)
		write(t, m, row("f0", 3, 3))
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		check(t, path, append(want, row("f0", 3, 3))...)
	}
}

func TestRewind(t *testing.T) {
	path := filepath.Join(t.TempDir(), rundir.MetricsFile)
	m := open(t, path)
	write(t, m, row("f0", 1, 1), row("g0", 5, 1), row("f0", 2, 2), row("f0", 3, math.NaN()), row("f0", 4))
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Rewind("f0", 4); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("nothing to remove, but the file was written anew: %v", err)
	}
	if err := m.Rewind("f0", 2); err != nil {
		t.Fatal(err)
	}
	check(t, path, row("f0", 1, 1), row("g0", 5, 1), row("f0", 2, 2))
	write(t, m, row("f0", 3, 3))
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, path, row("f0", 1, 1), row("g0", 5, 1), row("f0", 2, 2), row("f0", 3, 3))
	m = open(t, path)
	defer m.Close()
	if err := m.Rewind("f0", 0); err != nil {
		t.Fatal(err)
	}
	check(t, path, row("g0", 5, 1))
}

func TestMetricsRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, columns := range [][]string{{""}, {"step"}, {"model"}, {"a", "a"}, {"a\nb"}} {
		if _, err := rundir.OpenMetrics(filepath.Join(dir, "columns"), columns...); err == nil {
			t.Errorf("columns %q were accepted", columns)
		}
	}
	path := filepath.Join(dir, rundir.MetricsFile)
	m := open(t, path)
	defer m.Close()
	write(t, m, row("f0", 1, 1))
	for _, c := range []struct {
		row  rundir.Row
		want string
	}{
		{rundir.Row{Model: "f0", Values: map[string]float64{"knn": 1}}, `no column "knn"; it has loss, lr`},
		{rundir.Row{Model: ""}, "name of a model"},
		{rundir.Row{Model: "f\n0"}, "name of a model"},
	} {
		if err := m.Append(c.row); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v: %v", c.row, err)
		}
	}
	check(t, path, row("f0", 1, 1))
	for _, columns := range [][]string{{"loss"}, {"lr", "loss"}, {"loss", "lr", "knn"}} {
		if _, err := rundir.OpenMetrics(path, columns...); err == nil || !strings.Contains(err.Error(), "has the columns") {
			t.Errorf("columns %q: %v", columns, err)
		}
	}
	if _, err := rundir.OpenMetrics(filepath.Join(dir, "none", "x")); err == nil {
		t.Error("the folder does not exist")
	}
	if _, err := rundir.OpenMetrics(dir); err == nil {
		t.Error("a folder is no file")
	}
}

func TestReadMetricsErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), rundir.MetricsFile)
	if _, err := rundir.ReadMetrics(path); !os.IsNotExist(err) {
		t.Errorf("missing: %v", err)
	}
	for text, want := range map[string]string{
		"":                            "no table of metrics",
		"model,step":                  "no table of metrics",
		"epoch,loss\n":                "no table of metrics",
		"model,step,a\nf,1\n":         "wrong number of fields",
		"model,step,a\nf,1.5,2\n":     `line 2: the step "1.5" is not an integer`,
		"model,step,a\nf,1,\nf,2,x\n": `line 3: a is "x", not a number`,
		"model,step,a\nf,1,\"\n":      "line 2",
	} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := rundir.ReadMetrics(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzReadMetrics feeds any text; what is accepted must survive being opened.
func FuzzReadMetrics(f *testing.F) {
	f.Add("model,step,loss,lr\nf0,1,0.5,\nf0,2,NaN,1e-3\n")
	f.Add("model,step\n\n\"a\"\"b\",-1\nhalf")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), rundir.MetricsFile)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		rows, err := rundir.ReadMetrics(path)
		if err != nil || !strings.HasPrefix(text, "model,step,loss,lr\n") {
			return
		}
		m := open(t, path)
		defer m.Close()
		again, err := rundir.ReadMetrics(path)
		if err != nil || len(again) != len(rows) {
			t.Fatalf("%d rows became %d: %v", len(rows), len(again), err)
		}
		for i := range rows {
			if rows[i].Model != again[i].Model || !reflect.DeepEqual(keys(rows[i]), keys(again[i])) {
				t.Fatalf("%v became %v", rows[i], again[i])
			}
		}
	})
}

func keys(r rundir.Row) map[string]bool {
	m := make(map[string]bool)
	for k := range r.Values {
		m[k] = true
	}
	return m
}

func BenchmarkAppend(b *testing.B) {
	m, err := rundir.OpenMetrics(filepath.Join(b.TempDir(), rundir.MetricsFile), "loss", "lr")
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	r := row("f0", 1, 3.912345, 1e-3)
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Append(r); err != nil {
			b.Fatal(err)
		}
	}
}
