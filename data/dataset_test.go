package data_test

import (
	"slices"
	"strings"
	"testing"

	"sslmem/data"
)

func small() *data.Dataset {
	return &data.Dataset{Name: "small", C: 1, H: 2, W: 2, Pixels: count(12), Labels: []int{1, 0, 1}, Classes: []string{"a", "b"}}
}

func TestSubset(t *testing.T) {
	d := small()
	s := d.Subset([]int{2, 0, 2})
	if !slices.Equal(s.Pixels, []byte{8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11}) || !slices.Equal(s.Labels, []int{1, 1, 1}) || s.Name != "small" {
		t.Errorf("subset is %+v", s)
	}
	s.Pixels[0], s.Labels[0] = 99, 0
	if d.Image(2)[0] != 8 || d.Labels[2] != 1 {
		t.Error("the subset shares memory with its origin")
	}
	if e := d.Subset(nil); e.Len() != 0 {
		t.Errorf("empty subset has %d images", e.Len())
	}
	d.Labels = nil
	if s := d.Subset([]int{0}); s.Labels != nil {
		t.Error("labels from nowhere")
	}
	defer func() {
		if recover() == nil {
			t.Error("index 3 of 3 images did not panic")
		}
	}()
	d.Subset([]int{3})
}

func TestImageCannotGrow(t *testing.T) {
	d := small()
	_ = append(d.Image(0), 77)
	if d.Image(1)[0] != 4 {
		t.Error("appending to image 0 wrote into image 1")
	}
}

func TestCheck(t *testing.T) {
	if err := small().Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(d *data.Dataset){
		"2 channels":       func(d *data.Dataset) { d.C = 2 },
		"0×2 pixels":       func(d *data.Dataset) { d.H = 0 },
		"2×-1 pixels":      func(d *data.Dataset) { d.W = -1 },
		"11 bytes":         func(d *data.Dataset) { d.Pixels = d.Pixels[1:] },
		"0 bytes":          func(d *data.Dataset) { d.Pixels = nil },
		"but 2 labels":     func(d *data.Dataset) { d.Labels = d.Labels[1:] },
		"label 2, but":     func(d *data.Dataset) { d.Labels[1] = 2 },
		"label -2, but":    func(d *data.Dataset) { d.Labels[1] = -2 },
		"there are 0 clas": func(d *data.Dataset) { d.Classes = nil },
	} {
		d := small()
		change(d)
		if err := d.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if n := (&data.Dataset{}).Len(); n != 0 {
		t.Errorf("the zero Dataset has %d images", n)
	}
}
