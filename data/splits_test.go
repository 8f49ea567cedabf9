package data_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
)

func TestDraw(t *testing.T) {
	sizes := data.SplitSizes{Shared: 40, Candidate: 30, Independent: 20, External: 10}
	s, err := data.Draw(100, sizes, 7)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	if s.Sizes() != sizes || s.N != 100 || s.Seed != 7 {
		t.Errorf("drew %+v of %d with seed %d", s.Sizes(), s.N, s.Seed)
	}
	all := slices.Concat(s.Shared, s.Candidate, s.Independent, s.External)
	slices.Sort(all)
	for i, v := range all {
		if i != v {
			t.Fatalf("100 of 100 images are not each drawn once: %v", all)
		}
	}
	if f := s.F(); !slices.Equal(f[:40], s.Shared) || !slices.Equal(f[40:], s.Candidate) || len(f) != 70 {
		t.Errorf("F is %v", f)
	}
	if g := s.G(); !slices.Equal(g[:40], s.Shared) || !slices.Equal(g[40:], s.Independent) || len(g) != 60 {
		t.Errorf("G is %v", g)
	}
	s.F()[0] = -1
	_ = append(s.Shared, -1)
	if s.Check() != nil {
		t.Error("F or a set shares memory with another")
	}
	again, _ := data.Draw(100, sizes, 7)
	other, _ := data.Draw(100, sizes, 8)
	if !reflect.DeepEqual(s, again) || slices.Equal(s.Shared, other.Shared) {
		t.Error("equal seeds must give equal splits and others others")
	}
}

// TestDrawGolden pins the draw: recorded runs must find their images again.
func TestDrawGolden(t *testing.T) {
	s, err := data.Draw(1000, data.SplitSizes{Shared: 3, Candidate: 3, Independent: 3, External: 3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(s.Shared, s.Candidate, s.Independent, s.External), "[412 591 930] [650 759 436] [585 19 368] [236 634 765]"; got != want {
		t.Errorf("drew %s, want %s", got, want)
	}
}

// TestDrawIsFair: over many seeds each image is in the candidate set as often
// as its share says, at five standard errors.
func TestDrawIsFair(t *testing.T) {
	const seeds, n = 4000, 10
	var hits [n]float64
	for seed := range uint64(seeds) {
		s, err := data.Draw(n, data.SplitSizes{Shared: 2, Candidate: 3, Independent: 3, External: 2}, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range s.Candidate {
			hits[i]++
		}
	}
	for i, h := range hits {
		if d := h - 0.3*seeds; d*d > 25*seeds*0.3*0.7 {
			t.Errorf("image %d was a candidate in %v of %d draws, want about %v", i, h, seeds, 0.3*seeds)
		}
	}
}

func TestDrawErrors(t *testing.T) {
	const big = int(^uint(0) >> 1)
	for _, c := range []struct {
		sizes data.SplitSizes
		want  []string
	}{
		{data.SplitSizes{Shared: 50, Candidate: 30, Independent: 30}, []string{"need 110 images", "has only 100", "by 10 in all"}},
		{data.SplitSizes{Shared: 101}, []string{"shared", "101", "only 100", "lower it"}},
		{data.SplitSizes{Shared: 1, External: -1}, []string{"external", "-1"}},
		{data.SplitSizes{Candidate: 5, External: 5}, []string{"no image"}},
		{data.SplitSizes{}, []string{"no image"}},
		{data.SplitSizes{Shared: big, Candidate: big, Independent: big, External: big}, []string{"lower it"}},
	} {
		_, err := data.Draw(100, c.sizes, 1)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: error %v, want one with %q", c.sizes, err, want)
			}
		}
	}
}

func TestSaveLoad(t *testing.T) {
	s, err := data.Draw(500, data.SplitSizes{Shared: 40, Candidate: 30, Independent: 20}, 1<<63+1)
	if err != nil {
		t.Fatal(err)
	}
	s.Dataset = `odd "name",` + "\n" + `"shared":`
	path := filepath.Join(t.TempDir(), "splits.json")
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := data.LoadSplits(path)
	if err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("loaded %+v, %v, want %+v", got, err, s)
	}
	if b, _ := os.ReadFile(path); strings.Count(string(b), "\n") != 5 {
		t.Errorf("want five lines:\n%s", b)
	}
	if err := s.Save(filepath.Join(t.TempDir(), "no", "splits.json")); err == nil {
		t.Error("saved into a folder that is not there")
	}
}

func TestLoadErrors(t *testing.T) {
	for content, want := range map[string]string{
		``: "EOF",
		`{"n":10,"seed":1,"shared":[0,1],"candidate":[2`:                  "EOF",
		`{"n":10,"seed":1,"shared":[0,1],"candidate":[1]}`:                "image 1 is in the shared set and again in the candidate set",
		`{"n":10,"seed":1,"shared":[0,0]}`:                                "must be disjoint",
		`{"n":10,"seed":1,"external":[10]}`:                               "index 10 of the external set lies outside 0 to 9",
		`{"n":10,"seed":1,"external":[-1]}`:                               "outside",
		`{"n":0,"seed":1}`:                                                "0 images",
		`{"n":10,"seed":-1}`:                                              "cannot unmarshal",
		`{"n":10,"seed":1,"shard":[1]}`:                                   "unknown field",
		`{"n":10,"seed":1,"shared":[1]} {}`:                               "goes on",
		`{"n":10,"seed":1,"shared":[1.5]}`:                                "cannot unmarshal",
		`{"n":10,"seed":1,"shared":[1]}` + strings.Repeat(" ", 100) + "x": "goes on",
	} {
		path := put(t, t.TempDir(), "splits.json", []byte(content))
		_, err := data.LoadSplits(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%.60s: error %v, want the path and %q", content, err, want)
		}
	}
}

func TestMatches(t *testing.T) {
	d := small()
	s, err := data.Draw(d.Len(), data.SplitSizes{Shared: 1, Candidate: 1, Independent: 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	s.Dataset = d.Name
	if err := s.Matches(d); err != nil {
		t.Error(err)
	}
	d.Name = "other"
	if err := s.Matches(d); err == nil {
		t.Error("another data set matched")
	}
	s.N, d.Name = 4, "small"
	if err := s.Matches(d); err == nil {
		t.Error("another size matched")
	}
}
