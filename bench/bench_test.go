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
func TestRow(t *testing.T) {
	c := comparison{
		What: "a step", Unit: "views/s", Threads: 2, PerTurn: 128,
		Ours: []float64{1, 4, 1}, Theirs: []float64{2, 8, 2}, OursPeak: 100 * mega,
	}
	cells := c.row()
	got := []string{cells[0], cells[1], cells[2], cells[3], cells[5], cells[7], cells[8], cells[9], cells[10]}
	want := []string{"a step", "2", "views/s", "128.0", "64.0", "2.00", "(2.00–2.00)", "100", "–"}
	if !slices.Equal(got, want) {
		t.Errorf("row is %q, want %q", got, want)
	}
	if n := strings.Count(heading, "\t"); n != len(cells) {
		t.Errorf("the heading has %d columns, a row %d", n, len(cells))
	}
	c.Unit, c.PerTurn = "ns", 1e9
	if got := c.row()[3]; got != "1" {
		t.Errorf("1 s for 1e9 operations is %s ns each, want 1", got)
	}
	c.Theirs = nil
	if got := c.row(); got[5] != "–" || got[7] != "–" {
		t.Errorf("without PyTorch the row is %v, want dashes", got)
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
	if words := scopeWords(comparison{OursPeak: 351 * mega}); !strings.Contains(words, "OVER") {
		t.Errorf("351 MB: %s", words)
	}
	if words := scopeWords(comparison{OursPeak: 350 * mega}); !strings.Contains(words, "under") {
		t.Errorf("350 MB: %s", words)
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
	p, err := start("echo", "sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

const answers = `echo ready 1.2.3; while read what n; do sleep 0.01; echo $n; done`

func TestMatch(t *testing.T) {
	m := match{echo(t, answers), echo(t, answers)}
	if m.ours.torch != "1.2.3" {
		t.Errorf("version is %q", m.ours.torch)
	}
	if err := m.check("step", 3, 0); err != nil {
		t.Error(err)
	}
	c, err := m.run("step", 3, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Ours) != 3 || len(c.Theirs) != 3 || c.Ours[0] < .01 || c.OursPeak == 0 || c.TheirsPeak == 0 {
		t.Errorf("comparison is %+v", c)
	}
	m.theirs = echo(t, `echo ready 1.2.3; while read what n; do echo 7; done`)
	if err := m.check("step", 3, 1e-4); err == nil || !strings.Contains(err.Error(), "do not compute the same") {
		t.Errorf("3 against 7: %v", err)
	}
	m.theirs = nil
	if c, err = m.run("step", 2, time.Millisecond); err != nil || len(c.Ours) != 2 || c.Theirs != nil {
		t.Errorf("without a second side: %+v, %v", c, err)
	}
}

func TestPeerThatEnds(t *testing.T) {
	_, err := start("python", "sh", "-c", "echo No module named torch >&2; exit 1")
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
	r := report{Machine: thisMachine(2, "2.14.1"), Train: []comparison{{What: "a step", Ours: []float64{1.5}}}}
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
	if back.Machine != r.Machine || back.Machine.Cores < 1 || back.Train[0].Ours[0] != 1.5 {
		t.Errorf("read back %+v", back)
	}
	if bytes.Contains(text, []byte("no_pytorch")) {
		t.Error("a reason for no PyTorch is written where there is none")
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
