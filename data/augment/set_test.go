package augment_test

import (
	"slices"
	"strings"
	"testing"

	"sslmem/data/augment"
)

// TestSets: every name gives a set whose views are possible, and no set is the
// caller's to change.
func TestSets(t *testing.T) {
	for _, name := range augment.SetNames() {
		s, err := augment.LookupSet(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Name != name || len(s.Views) == 0 {
			t.Errorf("%s: the set %q of %d views", name, s.Name, len(s.Views))
		}
		for v, r := range s.Views {
			if err := r.CheckOpen(); err != nil {
				t.Errorf("view %d: %v", v, err)
			}
			size := r.Size
			if size == 0 {
				size = 32
			}
			if err := s.Mask.Check(size); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.Views[0].Blur = 77
		if again, _ := augment.LookupSet(name); again.Views[0].Blur == 77 {
			t.Errorf("%s can be changed from outside", name)
		}
	}
	if _, err := augment.LookupSet("byol"); err == nil || !strings.Contains(err.Error(), "byol-cifar or byol-224") {
		t.Errorf("an unknown set: %v", err)
	}
	if _, err := augment.Lookup("byol-224"); err == nil || !strings.Contains(err.Error(), "LookupSet") {
		t.Errorf("a set with different views as a recipe: %v", err)
	}
}

// TestAsymmetricSets: what is published of the second view is there.
func TestAsymmetricSets(t *testing.T) {
	for name, want := range map[string][2][2]float64{ // blur and solarize of both views
		"byol-cifar": {{0, 0}, {0, 0.2}}, "barlow-cifar": {{0, 0}, {0, 0.2}}, "dino-cifar": {{0, 0}, {0, 0.2}},
		"byol-224": {{1, 0}, {0.1, 0.2}}, "barlow-224": {{1, 0}, {0.1, 0.2}}, "vicreg-224": {{1, 0}, {0.1, 0.2}},
		"moco-224": {{1, 0}, {0.1, 0.2}}, "dino-224": {{1, 0}, {0.1, 0.2}},
	} {
		s, err := augment.LookupSet(name)
		if err != nil {
			t.Fatal(err)
		}
		for v := range 2 {
			if got := [2]float64{s.Views[v].Blur, s.Views[v].Solarize}; got != want[v] {
				t.Errorf("%s: view %d has blur and solarize %v, want %v", name, v, got, want[v])
			}
		}
	}
}

// TestMask: a mask is a permutation, fixed by its key, that hides the published
// number of patches and each patch equally often.
func TestMask(t *testing.T) {
	m := augment.Mask{Patch: 2, Ratio: 0.75}
	if n, v := m.Patches(32), m.Visible(32); n != 256 || n-v != 192 {
		t.Errorf("%d of %d patches are hidden, want 192 of 256", n-v, n)
	}
	const images = 2000
	n := m.Patches(8)
	orders := make([]int, images*n)
	m.Batch(orders, augment.Key{Seed: 4}, ints(images))
	visible := make([]float64, n)
	for i := range images {
		order := orders[i*n : (i+1)*n]
		if !slices.Equal(slices.Sorted(slices.Values(order)), ints(n)) {
			t.Fatalf("image %d: %v is no permutation", i, order)
		}
		for _, p := range order[:m.Visible(8)] {
			visible[p]++
		}
	}
	chi, expected := 0., images*float64(m.Visible(8))/float64(n)
	for _, v := range visible {
		chi += (v - expected) * (v - expected) / expected
	}
	if chi > chiLimit(n-1) {
		t.Errorf("χ² of how often patches are visible is %.1f", chi)
	}
	one, other := make([]int, n), make([]int, n)
	m.Draw(one, augment.Key{Seed: 4}, 7)
	if !slices.Equal(one, orders[7*n:8*n]) {
		t.Error("the mask of an image depends on the others")
	}
	for _, k := range []augment.Key{{Seed: 5}, {Seed: 4, Epoch: 1}, {Seed: 4, View: 1}} {
		if m.Draw(other, k, 7); slices.Equal(one, other) {
			t.Errorf("%+v gives the mask of another key", k)
		}
	}
	for _, bad := range []augment.Mask{{Patch: 3, Ratio: 0.5}, {Patch: -1}, {Patch: 2, Ratio: 1}, {Ratio: 0.5}, {Patch: 4, Ratio: 0.9}} {
		if err := bad.Check(8); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
	if err := (augment.Mask{}).Check(7); err != nil {
		t.Errorf("no mask: %v", err)
	}
}
