package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		median float64
	}{
		{[]float64{7}, 7},
		{[]float64{9, 1}, 5},
		{[]float64{4, 100, 2}, 4},
		{[]float64{8, 2, 6, 4}, 5},
	} {
		s := spreadOf(c.values)
		if s.median != c.median {
			t.Errorf("median of %v is %v, want %v", c.values, s.median, c.median)
		}
		if s.low > s.median || s.high < s.median {
			t.Errorf("quartiles %v and %v of %v do not enclose the median", s.low, s.high, c.values)
		}
	}
}

// Twice the time on the other side is a ratio of 2, also where a disturbed
// round changes both.
func TestRows(t *testing.T) {
	c := comparison{
		What: "a step", Unit: "views/s", Threads: 2, PerTurn: 128,
		Sides: []side{{"sslmem", []float64{1, 4, 1}, 100 * mega}, {"PyTorch", []float64{2, 8, 2}, 0}},
	}
	got := c.rows()
	want := [][]string{
		{"a step", "2", "views/s", "sslmem", "128.0", "(32.0–128.0)", "", "", "100"},
		{"", "", "", "PyTorch", "64.0", "(16.0–64.0)", "2.00", "(2.00–2.00)", "–"},
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("rows are %q, want %q", got, want)
	}
	for _, row := range got {
		if n := strings.Count(heading, "\t"); n != len(row) {
			t.Errorf("the heading has %d columns, a row %d", n, len(row))
		}
	}
	c.Unit, c.PerTurn = "ns", 1e9
	if got := c.rows()[0][4]; got != "1" {
		t.Errorf("1 s for 1e9 operations is %s ns each, want 1", got)
	}
}

func TestVerdicts(t *testing.T) {
	samples := func(last int) memoryResult {
		return memoryResult{Steps: 30, Samples: []int{100 * mega, 100 * mega, last * mega}}
	}
	for last, flat := range map[int]bool{100: true, 101: true, 99: true, 103: false, 97: false} {
		if words := samples(last).words(); strings.Contains(words, ": flat") != flat {
			t.Errorf("from 100 to %d MB: %s", last, words)
		}
	}
	if got := samples(103).growth(); math.Abs(got-1.03) > 1e-12 {
		t.Errorf("growth is %v, want 1.03", got)
	}
	c := comparison{What: "add", Unit: "ns", PerTurn: 1e9, Sides: []side{{oursName, []float64{9}, 351 * mega}, {cppName, []float64{6}, 0}}}
	if words := scopeWords(c); !strings.Contains(words, "OVER") || !strings.Contains(words, "1.50 times") {
		t.Errorf("351 MB: %s", words)
	}
	c.Sides[0].Peak = 350 * mega
	if words := scopeWords(c); !strings.Contains(words, "under") {
		t.Errorf("350 MB: %s", words)
	}
	if words := overheadWords(c); words != "" {
		t.Errorf("without Python: %s", words)
	}
	c.Sides = append(c.Sides, side{pythonName, []float64{16}, 0})
	if words := overheadWords(c); !strings.Contains(words, "3 ns, Python 10 ns, so 0.30") {
		t.Errorf("9, 6 and 16 ns: %s", words)
	}
}

func TestAgree(t *testing.T) {
	for _, c := range []struct {
		a, b float64
		want bool
	}{
		{5, 5.0004, true}, {5, 5.0006, false}, {0, 1e-5, true}, {0, 2e-4, false}, {5, math.NaN(), false},
	} {
		if got := agree(c.a, c.b, 1e-4); got != c.want {
			t.Errorf("agree(%v, %v) is %v", c.a, c.b, got)
		}
	}
}

// A shell stands in for a peer: it answers every line with its number.
func echo(t *testing.T, script string) *peer {
	t.Helper()
	p, err := starter{"echo", "sh", []string{"-c", script}}.start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

const answers = `echo ready 1.2.3; while read what n; do sleep 0.01; echo $n; done`

func TestMatch(t *testing.T) {
	m := match{echo(t, answers), echo(t, answers), echo(t, answers)}
	if m[0].torch != "1.2.3" {
		t.Errorf("version is %q", m[0].torch)
	}
	if err := m.check("step", 3, 0); err != nil {
		t.Error(err)
	}
	c, err := m.run("step", 3, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Sides {
		if len(c.Sides) != 3 || s.Name != "echo" || len(s.Seconds) != 3 || s.Seconds[0] < .01 || s.Peak == 0 {
			t.Errorf("comparison is %+v", c)
		}
	}
	m[2] = echo(t, `echo ready 1.2.3; while read what n; do echo 7; done`)
	if err := m.check("step", 3, 1e-4); err == nil || !strings.Contains(err.Error(), "do not compute the same") {
		t.Errorf("3 against 7: %v", err)
	}
	if c, err = m[:1].run("step", 2, time.Millisecond); err != nil || len(c.Sides) != 1 || len(c.Sides[0].Seconds) != 2 {
		t.Errorf("without another side: %+v, %v", c, err)
	}
}

// A rival that is not there is left out; one that breaks down is not.
func TestAbsent(t *testing.T) {
	there := starter{"there", "sh", []string{"-c", answers}}
	broken := starter{"broken", "sh", []string{"-c", "exit 1"}}
	b := bench{absent: map[string]error{"broken": os.ErrNotExist}}
	m, err := b.match(there, broken, there)
	if err != nil || len(m) != 2 {
		t.Fatalf("match has %d sides, %v", len(m), err)
	}
	m.stop()
	b.absent = nil
	if _, err := b.match(there, broken); err == nil || !strings.Contains(err.Error(), "broken ended") {
		t.Errorf("error is %v", err)
	}
}

func TestPeerThatEnds(t *testing.T) {
	_, err := starter{"python", "sh", []string{"-c", "echo No module named torch >&2; exit 1"}}.start()
	if err == nil || !strings.Contains(err.Error(), "No module named torch") {
		t.Errorf("error is %v, want the last words of the process", err)
	}
	p := echo(t, "echo ready 1; read line; exit 3")
	if _, err := p.ask("step", 1); err == nil || !strings.Contains(err.Error(), "status 3") {
		t.Errorf("error is %v, want the exit status", err)
	}
}

func TestMemoryOfThisProcess(t *testing.T) {
	now, err := resident(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	most, err := peak(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	// The kernel counts the two with a slack of some pages per thread.
	if now < mega || most < now-mega {
		t.Errorf("resident %d bytes, at most %d", now, most)
	}
}

func TestReportIsReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench.json")
	r := report{Machine: thisMachine(2, "2.14.1"), Train: []comparison{{What: "a step", Sides: []side{{Seconds: []float64{1.5}}}}}}
	if err := r.save(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var back report
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if back.Machine != r.Machine || back.Machine.Cores < 1 || back.Train[0].Sides[0].Seconds[0] != 1.5 {
		t.Errorf("read back %+v", back)
	}
	if bytes.Contains(text, []byte("absent")) {
		t.Error("a reason for an absent rival is written where there is none")
	}
}

func TestArguments(t *testing.T) {
	for want, args := range map[string][]string{
		`no part "trian"`: {"trian"},
		"multiple of 10":  {"--memory-steps", "31", "memory"},
		"at least 1":      {"--rounds", "0"},
		"not defined":     {"--jsn", "x"},
	} {
		if err := run(args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("run(%q) gives %v, want %s", args, err, want)
		}
	}
}

// Half of the variance needs half of the views.
func TestViewsFor(t *testing.T) {
	e := estimator{SE: math.Sqrt(.5)}
	if got := e.viewsFor(1); math.Abs(got-scoreViews/2) > 1e-12 {
		t.Errorf("%v views, want %v", got, scoreViews/2)
	}
}

// The scores that two sides leave are compared point by point.
func TestRankWith(t *testing.T) {
	path := filepath.Join(t.TempDir(), "case")
	for name, text := range map[string]string{oursName: "0.1\n0.2\n0.3\n", singleName: "1\n2\n3\n", batchedName: "3\n2\n1\n", fastestName: "1\n2\n"} {
		if err := os.WriteFile(scoresOf(path, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]float64{singleName: 1, batchedName: -1} {
		if got, err := rankWith(path, oursName, name); err != nil || math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	if _, err := rankWith(path, oursName, fastestName); err == nil || !strings.Contains(err.Error(), "2") {
		t.Errorf("scores of other points: %v", err)
	}
}
