package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/mem"
	"sslmem/torch/torchtest"
)

// grids are settings under which a cell takes a second.
func grids(out string, more ...string) []string {
	args := append([]string{"experiment"}, more[0], "--out", out, "--seeds", "2")
	for _, s := range []string{
		"recipe.width=4", "recipe.epochs=2", "recipe.optimizer.warmup_epochs=1", "recipe.batch_size=20", "score.views=4",
		"splits.shared=20", "splits.candidate=20", "splits.independent=20", "splits.external=20",
	} {
		args = append(args, "--set", s)
	}
	return append(args, more[1:]...)
}

// An experiment trains a pair with each value, measures all, and runs nothing twice;
// more values add to it, and other settings are refused.
func TestExperiment(t *testing.T) {
	torchtest.NoLeak(t)
	dir := filepath.Join(t.TempDir(), "widths")
	if code, _, stderr := call(grids(dir, "width", "--values", "4")...); code != ExitOK {
		t.Fatal(stderr)
	}
	first, err := os.Stat(filepath.Join(dir, "cells", "width-4.json"))
	if err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := call(grids(dir, "width", "--values", "4,6", "--json")...)
	if code != ExitOK {
		t.Fatal(stderr)
	}
	again, err := os.Stat(filepath.Join(dir, "cells", "width-4.json"))
	if err != nil || !again.ModTime().Equal(first.ModTime()) {
		t.Errorf("the first cell was run again: %v", err)
	}
	var report experimentReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Cells) != 2 || report.Cells[1].Setting != "width 6" {
		t.Fatalf("cells %+v", report.Cells)
	}
	for _, c := range report.Cells {
		for _, name := range []string{"m(S_C) − m(S_E)", "UnitMem", "kNN %", "probe %"} {
			if v, ok := c.value(name); !ok || len(v) != 2 {
				t.Errorf("%s has %s of %v, want a number for each seed", c.Setting, name, v)
			}
		}
	}
	code, stdout, _ = call(grids(dir, "width", "--values", "4,6,8", "--list")...)
	if want := "done     width 4\ndone     width 6\nwaiting  width 8\n"; code != ExitOK || stdout != want {
		t.Errorf("list is %q, want %q", stdout, want)
	}
	code, _, stderr = call(grids(dir, "width", "--values", "4", "--set", "score.views=6")...)
	if code == ExitOK || !strings.Contains(stderr, "score.views was 4 and is 6") {
		t.Errorf("other settings: %d %s", code, stderr)
	}
}

func TestBadExperiments(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{grids(dir, "width", "--values", "big"), "recipe.width"},
		{grids(dir, "width", "--values", ","), "--values is empty"},
		{grids(dir, "frameworks", "--values", "simclrr"), "did you mean"},
		{grids(dir, "augmentation", "--values", "7"), "scale"},
		{grids(dir, "seeds", "--values", "1"), "from 2 on"},
		{grids(dir, "dp", "--values", "-1"), "not an ε"},
		{grids(dir, "dp", "--values", "8", "--recipe", "simclr-demo"), "cannot be trained with privacy"},
		{grids(dir, "removal", "--values", "60"), "from 1 to 59"},
		{grids(dir, "removal", "--values", "10%,6"), "twice"},
		{grids(dir, "removal", "--values", "6", "--transfer", "nowhere"), "nowhere"},
		{[]string{"experiment", "remove"}, "removal"},
	} {
		code, _, stderr := call(c.args...)
		if code == ExitOK || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %q; want %q in it", c.args[1:], code, stderr, c.want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("bad experiments left %v, %v", left, err)
	}
}

// Encoders are really trained without the images, as many in each arm.
func TestRemoval(t *testing.T) {
	torchtest.NoLeak(t)
	dir := filepath.Join(t.TempDir(), "removal")
	code, stdout, stderr := call(grids(dir, "removal", "--values", "25%", "--seeds", "1", "--dense")...)
	if code != ExitOK || !strings.Contains(stdout, "random − most") || !strings.Contains(stdout, "mIoU %") {
		t.Fatal(stdout, stderr)
	}
	ranking, err := data.LoadSplits(filepath.Join(dir, "runs", "ranking", "splits.json"))
	if err != nil {
		t.Fatal(err)
	}
	scores, err := mem.LoadCSV(filepath.Join(dir, "runs", "ranking", "scores.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if len(ranking.Shared) != 0 || len(ranking.Candidate) != 30 || len(ranking.Independent) != 30 {
		t.Errorf("halves are %v", ranking.Sizes())
	}
	ranked := memorizedFirst(scores)
	for arm, want := range map[string][]int{"none-0": ranked, "most-15": ranked[15:], "least-15": ranked[:45]} {
		s, err := data.LoadSplits(filepath.Join(dir, "runs", arm+"-seed0", "splits.json"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.F(), slices.Sorted(slices.Values(want))) {
			t.Errorf("%s was trained on %v, want %v", arm, s.F(), want)
		}
	}
	s, err := data.LoadSplits(filepath.Join(dir, "runs", "random-15-seed0", "splits.json"))
	if err != nil || len(s.F()) != 45 {
		t.Errorf("the random arm has %d images, want 45; %v", len(s.F()), err)
	}
}

// f memorizes what only it saw and g what only it saw.
func TestMemorizedFirst(t *testing.T) {
	s := mem.NewScores([mem.NumSets][]int{mem.Candidate: {3, 1}, mem.Independent: {7, 5}, mem.External: {2}}, nil)
	loss := mem.PairLoss{F: make([]float64, 5), G: make([]float64, 5)}
	for i, index := range s.Index { // L_g − L_f of 1: .1, 3: .3, 5: −.2, 7: .4, 2: .9
		loss.F[i] = 1
		loss.G[i] = 1 + map[int]float64{1: .1, 3: .3, 5: -.2, 7: .4, 2: .9}[index]
	}
	if err := s.AddPair(loss); err != nil {
		t.Fatal(err)
	}
	if got, want := memorizedFirst(s), []int{3, 5, 1, 7}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

func TestKept(t *testing.T) {
	ranked := []int{9, 2, 7, 4, 0}
	for kind, want := range map[string][]int{removeNone: {0, 2, 4, 7, 9}, removeMost: {0, 4, 7}, removeLeast: {2, 7, 9}} {
		k := 2
		if kind == removeNone {
			k = 0
		}
		if got := kept(ranked, kind, k, 1); !slices.Equal(got, want) {
			t.Errorf("%s leaves %v, want %v", kind, got, want)
		}
	}
	a, b := kept(ranked, removeRandom, 2, 1), kept([]int{0, 2, 4, 7, 9}, removeRandom, 2, 1)
	if len(a) != 3 || !slices.Equal(a, b) {
		t.Errorf("random: %v and %v, which depend on the ranking", a, b)
	}
	others := 0
	for seed := range uint64(20) {
		if !slices.Equal(a, kept(ranked, removeRandom, 2, seed)) {
			others++
		}
	}
	if others == 0 {
		t.Error("random does not depend on the seed")
	}
	if !slices.Equal(ranked, []int{9, 2, 7, 4, 0}) {
		t.Errorf("the ranking was changed to %v", ranked)
	}
}
