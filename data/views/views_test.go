package views_test

import (
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/data/views"
)

// folder makes a folder of n JPEGs of noise, of many sizes, and opens it.
func folder(t *testing.T, n int) (string, data.Source) {
	t.Helper()
	dir := t.TempDir()
	r := rng.New(4)
	for i := range n {
		im := image.NewRGBA(image.Rect(0, 0, 20+r.IntN(9), 20+r.IntN(9)))
		for y := range im.Rect.Dy() {
			for x := range im.Rect.Dx() {
				im.Set(x, y, color.RGBA{uint8(r.IntN(256)), uint8(9 * x), uint8(9 * y), 255})
			}
		}
		f, err := os.Create(filepath.Join(dir, string(rune('a'+i))+".jpg"))
		if err != nil {
			t.Fatal(err)
		}
		if err := jpeg.Encode(f, im, nil); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	s, err := data.OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, s.Train
}

func lazy(t *testing.T, s data.Source, size int) *data.Lazy {
	t.Helper()
	l, err := data.NewLazy(s, size)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func recipe(t *testing.T, images data.Images) augment.Recipe {
	t.Helper()
	r, err := augment.Lookup("simclr-cifar")
	if err == nil {
		r, err = views.Fit(r, images)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// differing returns the recipes of three views of which the last is of its own, and
// smaller too unless the views are to be grouped.
func differing(t *testing.T, images data.Images, grouped bool) []augment.Recipe {
	t.Helper()
	all := views.Repeat(recipe(t, images), 3)
	all[2].Invert = 1
	if !grouped {
		all[2].Size = 8
	}
	return all
}

// batches returns the pixels of batches first … 8 of a walk over all images.
func batches(t *testing.T, m views.Maker, first int) (out [][]float32) {
	t.Helper()
	const n = 8
	q := m.Start(n-first, func(i int) ([]int, int) {
		i += first
		index := make([]int, m.Batch-i%2) // of two lengths
		for k := range index {
			index[k] = (5*i + 3*k) % m.Images.Len()
		}
		return index, i / 3
	})
	defer q.Stop()
	for range n - first {
		b, err := q.Next()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, slices.Clone(b.Pixels))
		q.Recycle(b)
	}
	return out
}

// Views of images that are decoded as they are needed are those of images in
// memory, for any number of workers and batches ahead, and from any batch on.
func TestLazyEqualsMemory(t *testing.T) {
	_, s := folder(t, 11)
	d, err := data.Load(s, 20)
	if err != nil {
		t.Fatal(err)
	}
	for _, grouped := range []bool{false, true} {
		m := views.Maker{Images: d, Views: differing(t, d, grouped), Seed: 3, Grouped: grouped, Batch: 5}
		want := batches(t, m, 0)
		l := lazy(t, s, 20)
		m.Images, m.Views = l, differing(t, l, grouped)
		for _, workers := range []int{1, 2, 7} {
			m.Workers, m.Ahead = workers, workers
			for _, first := range []int{0, 4} {
				for i, got := range batches(t, m, first) {
					if !slices.Equal(got, want[first+i]) {
						t.Errorf("grouped %v, %d workers: batch %d differs", grouped, workers, first+i)
					}
				}
			}
		}
	}
}

// Views of images of many sizes are cut from each as it is.
func TestManySizes(t *testing.T) {
	_, s := folder(t, 6)
	l := lazy(t, s, 0)
	r, err := augment.Lookup("simclr-cifar")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := views.Fit(r, l); err == nil || !strings.Contains(err.Error(), "many sizes") {
		t.Errorf("an open size: %v", err)
	}
	r.Size = 16
	if r, err = views.Fit(r, l); err != nil {
		t.Fatal(err)
	}
	m := views.Maker{Images: l, Views: views.Repeat(r, 1), Seed: 3, Batch: 3, Workers: 2}
	got := batches(t, m, 0)
	m.Workers = 1
	if want := batches(t, m, 0); !slices.EqualFunc(got, want, slices.Equal) {
		t.Error("other views with another number of workers")
	}
}

// A broken file is the error of its batch, and named.
func TestBrokenFile(t *testing.T) {
	dir, s := folder(t, 8)
	l := lazy(t, s, 20)
	m := views.Maker{Images: l, Views: views.Repeat(recipe(t, l), 2), Seed: 3, Batch: 2, Ahead: 3, Workers: 3}
	for _, name := range []string{"e.jpg", "f.jpg"} {
		if err := os.Truncate(filepath.Join(dir, name), 300); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 { // whatever the order in which workers come to them
		q := m.Start(4, func(i int) ([]int, int) { return []int{2 * i, 2*i + 1}, 0 })
		for i := range 3 {
			b, err := q.Next()
			if i < 2 && err != nil {
				t.Fatalf("batch %d: %v", i, err)
			}
			if i == 2 && (err == nil || !strings.Contains(err.Error(), "e.jpg")) {
				t.Errorf("error %v does not name e.jpg", err)
			}
			q.Recycle(b)
		}
		q.Stop()
	}
	if _, err := views.Fit(augment.Recipe{}, lazy(t, s, 20)); err == nil || !strings.Contains(err.Error(), ".jpg") {
		t.Errorf("error %v of Fit names no file", err)
	}
}

// What Fit takes from all images is what it takes from them in memory.
func TestFit(t *testing.T) {
	_, s := folder(t, 9)
	d, err := data.Load(s, 20)
	if err != nil {
		t.Fatal(err)
	}
	a, b := recipe(t, d), recipe(t, lazy(t, s, 20))
	if a.Size != b.Size || !slices.Equal(a.Mean, b.Mean) || !slices.Equal(a.Std, b.Std) {
		t.Errorf("%v %v instead of %v %v", b.Mean, b.Std, a.Mean, a.Std)
	}
	// Of a part: every third image.
	st, err := data.Measure(d, 3)
	if err != nil {
		t.Fatal(err)
	}
	mean, std := st.Normalisation()
	want := augment.Recipe{}.Fit(d.Subset([]int{0, 3, 6}))
	if !slices.Equal(mean, want.Mean) || !slices.Equal(std, want.Std) {
		t.Errorf("%v %v instead of %v %v", mean, std, want.Mean, want.Std)
	}
}
