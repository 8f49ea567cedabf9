package selfcheck

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/mem"
	"sslmem/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// What holds exactly holds here.
func TestFast(t *testing.T) {
	p := Whole()
	p.Views = 4
	lab, err := FastLab(p)
	if err != nil {
		t.Fatal(err)
	}
	findings, err := RunAll(t.Context(), FastChecks(), lab)
	if err != nil {
		t.Fatal(err)
	}
	if len(findings) != 2 || len(findings[0].Rows) != 10 || len(findings[1].Rows) != 3 {
		t.Errorf("%d checks: %+v", len(findings), findings)
	}
	for _, f := range findings {
		for _, r := range f.Rows {
			if r.Expect != Exactly || r.Verdict != Shown {
				t.Errorf("check %d: %s: %+v", f.Number, r.What, r)
			}
		}
		if f.Failed() || f.Verdict != Shown {
			t.Errorf("check %d: %s", f.Number, f.Verdict)
		}
	}
}

// A value that is off fails a report, and a claim that is contradicted does not.
func TestFailed(t *testing.T) {
	off := Report{Findings: []Finding{{Rows: []Row{exact("", 1, 1e-12, 1, "value")}}}}
	if !off.Failed() {
		t.Error("a value that is off does not fail")
	}
	other := Report{Findings: []Finding{{Rows: []Row{mean("", Below, []float64{1, 2, 3}, "pairs", 3)}}}}
	if other.Failed() {
		t.Error("a claim that is contradicted fails")
	}
}

func TestSelect(t *testing.T) {
	some, err := Select([]int{2, 8})
	if err != nil || len(some) != 2 || some[0].Number != 2 || some[1].Number != 8 {
		t.Errorf("%+v, %v", some, err)
	}
	for _, n := range []int{-1, 11} {
		if _, err := Select([]int{n}); err == nil || !strings.Contains(err.Error(), "0 to 10") {
			t.Errorf("check %d: %v", n, err)
		}
	}
	for i, c := range Checks() {
		if c.Number != i || c.Claim == "" || c.Source == "" || (c.Run == nil) == (c.Reason == "") {
			t.Errorf("check %d of place %d: %+v", c.Number, i, c)
		}
	}
}

// The sets have as many atypical images each; nothing else differs from what is carried.
func TestSubject(t *testing.T) {
	p := Whole()
	s, err := newSubject(p)
	if err != nil {
		t.Fatal(err)
	}
	original, _, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	for i := range original.Len() {
		if changed := !slices.Equal(original.Image(i), s.images.Image(i)); changed != s.atypical[i] {
			t.Fatalf("image %d: changed %v, atypical %v", i, changed, s.atypical[i])
		}
	}
	for set, n := range map[mem.Set]int{mem.Shared: 150, mem.Candidate: 150, mem.Independent: 150, mem.External: 600} {
		if got := len(s.natural(set)); got != n {
			t.Errorf("%v has %d natural images, want %d", set, got, n)
		}
	}
	if got := len(s.unseen(p)); got != 4000 {
		t.Errorf("%d images are in no set, want 4000 of them", got)
	}
	// Inverted and turned, by their definitions.
	atypical := s.splits.Candidate[150:]
	if a, b := original.Image(atypical[0]), s.images.Image(atypical[0]); int(a[100])+int(b[100]) != 255 {
		t.Errorf("inverted: %d and %d", a[100], b[100])
	}
	a, b := original.Image(atypical[1]), s.images.Image(atypical[1])
	for y := range 28 {
		for x := range 28 {
			if b[(27-x)*28+y] != a[y*28+x] {
				t.Fatalf("turned: pixel %d,%d", y, x)
			}
		}
	}
}

func tiny() Plan {
	return Plan{Seed: 3, Splits: data.SplitSizes{Shared: 16, Candidate: 16, Independent: 16, External: 24}, Atypical: 6,
		Epochs: 2, Views: 4, Seeds: 2, Contrast: 2, Others: 1, Public: 60}
}

// All of it on pairs of nothing: it ends, with any verdict, and from its folder a second
// run gives the same numbers without training.
func TestWhole(t *testing.T) {
	dir := t.TempDir()
	run := func(p Plan) (string, int) {
		trained := 0
		lab, err := OpenLab(dir, p, func(format string, args ...any) {
			if strings.HasPrefix(format, "training") {
				trained++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		findings, err := RunAll(t.Context(), Checks(), lab)
		if err != nil {
			t.Fatal(err)
		}
		r := Report{Command: "sslmem selfcheck", Plan: p, Findings: findings}
		if r.Failed() {
			t.Errorf("something exact fails: %+v", r)
		}
		var text, page, object bytes.Buffer
		for w, write := range map[*bytes.Buffer]func() error{&text: func() error { return r.WriteText(&text) }, &page: func() error { return r.WriteMarkdown(&page) }, &object: func() error { return r.WriteJSON(&object) }} {
			if err := write(); err != nil || w.Len() == 0 {
				t.Error(err)
			}
		}
		if !json.Valid(object.Bytes()) || !strings.Contains(page.String(), "| **10** |") || !strings.Contains(text.String(), "11 checks: ") {
			t.Errorf("%s\n%s", text.String(), page.String())
		}
		return text.String(), trained
	}
	first, trained := run(tiny())
	if trained == 0 {
		t.Error("nothing was trained")
	}
	again, trained := run(tiny())
	if again != first || trained != 0 {
		t.Errorf("the second run trained %d encoders and gave\n%s\nnot\n%s", trained, again, first)
	}
	other := tiny()
	other.Views++
	if _, err := OpenLab(dir, other, nil); err == nil || !strings.Contains(err.Error(), "other settings") {
		t.Errorf("another plan: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	lab, err := OpenLab(t.TempDir(), tiny(), func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := RunAll(ctx, Checks()[1:2], lab); err == nil {
		t.Error("a run goes on after its context has ended")
	}
}
