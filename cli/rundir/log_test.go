package rundir_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sslmem/cli/rundir"
	"sslmem/cli/tfevents/eventtest"
)

func openLog(t *testing.T, dir rundir.Dir, columns ...string) *rundir.Log {
	t.Helper()
	l, err := rundir.OpenLog(dir, columns...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func appendTo(t *testing.T, l *rundir.Log, rows ...rundir.Row) {
	t.Helper()
	for _, r := range rows {
		if err := l.Append(r); err != nil {
			t.Fatal(err)
		}
	}
}

func closeLog(t *testing.T, l *rundir.Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// checkLog checks metrics.csv, and that metrics.jsonl says the same.
func checkLog(t *testing.T, dir rundir.Dir, want ...rundir.Row) {
	t.Helper()
	check(t, dir.Join(rundir.MetricsFile), want...)
	var got []rundir.Row
	lines := bufio.NewScanner(strings.NewReader(text(t, dir.Join(rundir.LinesFile))))
	for lines.Scan() {
		var object map[string]any
		if err := json.Unmarshal(lines.Bytes(), &object); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		r := rundir.Row{Model: object["model"].(string), Step: int(object["step"].(float64)), Values: map[string]float64{}}
		delete(object, "model")
		delete(object, "step")
		for c, v := range object {
			if r.Values[c] = math.NaN(); v != nil {
				r.Values[c] = v.(float64)
			}
		}
		got = append(got, r)
	}
	for _, r := range want {
		for c, v := range r.Values {
			if math.IsInf(v, 0) {
				r.Values[c] = math.NaN()
			}
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got  %v\nwant %v", rundir.LinesFile, got, want)
	}
}

// curve returns what TensorBoard shows of a scalar: step and value, without the
// steps that were taken again.
func curve(t *testing.T, dir rundir.Dir, model, tag string) (points [][2]float64) {
	t.Helper()
	files, err := filepath.Glob(dir.Join(rundir.TensorBoardDir, model, "*")) // sorted
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for _, e := range eventtest.Read(t, f) {
			if e.Start {
				for len(points) > 0 && points[len(points)-1][0] >= float64(e.Step) {
					points = points[:len(points)-1]
				}
			}
			if v, ok := e.Scalars[tag]; ok {
				points = append(points, [2]float64{float64(e.Step), float64(v)})
			}
		}
	}
	return points
}

func TestLog(t *testing.T) {
	dir := rundir.Dir(t.TempDir())
	l := openLog(t, dir, "loss", "lr")
	checkLog(t, dir)
	appendTo(t, l, row("f0", 1, .1, 1e-9), row("g 0", 1, math.NaN()), row("f0", 2, math.Inf(1)), row("f0", 3))
	if err := l.Sync(); err != nil {
		t.Error(err)
	}
	board, err := l.Board("f0")
	if err != nil {
		t.Fatal(err)
	}
	if err := board.Text(0, "config", "a = 1"); err != nil {
		t.Error(err)
	}
	closeLog(t, l)
	want := `{"model":"f0","step":1,"loss":0.1,"lr":1e-09}
{"model":"g 0","step":1,"loss":null}
{"model":"f0","step":2,"loss":null}
{"model":"f0","step":3}
`
	if got := text(t, dir.Join(rundir.LinesFile)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := curve(t, dir, "f0", "loss"), [][2]float64{{1, float64(float32(.1))}, {2, math.Inf(1)}}; !reflect.DeepEqual(got, want) {
		t.Errorf("TensorBoard shows %v, want %v", got, want)
	}
	if got := curve(t, dir, "g 0", "loss"); len(got) != 1 || !math.IsNaN(got[0][1]) {
		t.Errorf("TensorBoard shows %v, want a NaN", got)
	}
	checkLog(t, dir, row("f0", 1, .1, 1e-9), row("g 0", 1, math.NaN()), row("f0", 2, math.Inf(1)), row("f0", 3))
	if err := l.Append(row("f0", 4)); err == nil {
		t.Error("appending to a closed log succeeded")
	}
}

// Columns come when a row brings them and when a log is opened, and stay.
func TestLogColumns(t *testing.T) {
	dir := rundir.Dir(t.TempDir())
	l := openLog(t, dir, "loss")
	with := rundir.Row{Model: "f0", Step: 2, Values: map[string]float64{"loss": 2, "knn": .5, "entropy": 1}}
	appendTo(t, l, row("f0", 1, 1), with, row("f0", 3, 3))
	closeLog(t, l)
	l = openLog(t, dir, "lr", "loss")
	appendTo(t, l, row("f0", 4, 4, .1))
	closeLog(t, l)
	want := "model,step,loss,entropy,knn,lr\nf0,1,1,,,\nf0,2,2,1,0.5,\nf0,3,3,,,\nf0,4,4,,,0.1\n"
	if got := text(t, dir.Join(rundir.MetricsFile)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	checkLog(t, dir, row("f0", 1, 1), with, row("f0", 3, 3), row("f0", 4, 4, .1))
}

// A run goes on from step 2: the rows behind it go, those of other models stay.
func TestLogRewind(t *testing.T) {
	dir := rundir.Dir(t.TempDir())
	l := openLog(t, dir, "loss")
	appendTo(t, l, row("f0", 1, 1), row("g0", 9, 9), row("f0", 2, 2), row("f0", 3, 3), row("f0", 4, math.NaN()))
	if err := l.Rewind("h0", 0); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir.Join(rundir.TensorBoardDir, "h0")); !os.IsNotExist(err) {
		t.Errorf("a model without rows has a folder: %v", err)
	}
	closeLog(t, l)
	l = openLog(t, dir, "loss")
	if err := l.Rewind("f0", 2); err != nil {
		t.Fatal(err)
	}
	checkLog(t, dir, row("f0", 1, 1), row("g0", 9, 9), row("f0", 2, 2))
	appendTo(t, l, row("f0", 3, 33))
	if err := l.Rewind("f0", 2); err != nil { // by the same log
		t.Fatal(err)
	}
	appendTo(t, l, row("f0", 3, 333))
	closeLog(t, l)
	checkLog(t, dir, row("f0", 1, 1), row("g0", 9, 9), row("f0", 2, 2), row("f0", 3, 333))
	for model, want := range map[string][][2]float64{"f0": {{1, 1}, {2, 2}, {3, 333}}, "g0": {{9, 9}}} {
		if got := curve(t, dir, model, "loss"); !reflect.DeepEqual(got, want) {
			t.Errorf("TensorBoard shows %v of %s, want %v", got, model, want)
		}
	}
}

// Each file may end anywhere after a crash, metrics.jsonl may be missing, as in
// the run of an earlier version, or have a row too many.
func TestLogAfterCrash(t *testing.T) {
	dir := rundir.Dir(t.TempDir())
	l := openLog(t, dir, "loss")
	rows := []rundir.Row{row("f0", 1, 1), row("f0", 2, 22), row("f0", 3, 333)}
	appendTo(t, l, rows...)
	closeLog(t, l)
	table, lines := dir.Join(rundir.MetricsFile), dir.Join(rundir.LinesFile)
	wholeTable, wholeLines := text(t, table), text(t, lines)
	for n := range len(wholeTable) + 1 {
		for _, m := range []int{-1, 0, n % len(wholeLines), len(wholeLines)} {
			if err := os.WriteFile(table, []byte(wholeTable[:n]), 0o666); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(lines); err != nil {
				t.Fatal(err)
			}
			if m >= 0 {
				if err := os.WriteFile(lines, []byte(wholeLines[:m]), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			kept := rows[:max(0, strings.Count(wholeTable[:n], "\n")-1)]
			l := openLog(t, dir, "loss")
			checkLog(t, dir, kept...)
			appendTo(t, l, row("f0", 4, 4))
			closeLog(t, l)
			checkLog(t, dir, append(kept[:len(kept):len(kept)], row("f0", 4, 4))...)
		}
	}
}

func TestLogRefuses(t *testing.T) {
	dir := rundir.Dir(t.TempDir())
	for _, columns := range [][]string{{""}, {"step"}, {"a", "a"}, {"a\nb"}} {
		if _, err := rundir.OpenLog(dir, columns...); err == nil {
			t.Errorf("columns %q were accepted", columns)
		}
	}
	if _, err := rundir.OpenLog(rundir.Dir(dir.Join("none"))); err == nil {
		t.Error("the folder does not exist")
	}
	l := openLog(t, dir, "loss")
	appendTo(t, l, row("f0", 1, 1))
	for _, model := range []string{"", ".", "..", "../f0", "a/b", "/f0", "f\n0"} {
		if err := l.Append(row(model, 1, 1)); err == nil || !strings.Contains(err.Error(), "name of a model") {
			t.Errorf("model %q: %v", model, err)
		}
	}
	if err := l.Append(rundir.Row{Model: "f0", Values: map[string]float64{"model": 1}}); err == nil {
		t.Error("a column model was accepted")
	}
	closeLog(t, l)
	checkLog(t, dir, row("f0", 1, 1))
	if err := os.WriteFile(dir.Join(rundir.MetricsFile), []byte("epoch\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := rundir.OpenLog(dir, "loss"); err == nil || !strings.Contains(err.Error(), "no table of metrics") {
		t.Errorf("another table: %v", err)
	}
}
