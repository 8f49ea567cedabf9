package picture_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"sslmem/data/format"
	"sslmem/data/picture"
)

// TestCut: a picture of which the end is missing is an error, as it is in Pillow.
func TestCut(t *testing.T) {
	files, err := filepath.Glob("testdata/pictures/*")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d pictures, %v", len(files), err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 1, 3, 8, 12, len(b) / 3, len(b) / 2, len(b) * 9 / 10} {
			var m picture.Image
			err := picture.Decode(name, b[:n], false, &m)
			var fe *format.Error
			if !errors.As(err, &fe) || fe.File != name || fe.Offset > int64(n) {
				t.Errorf("%s cut to %d of %d bytes: %v", name, n, len(b), err)
			}
		}
	}
}

// TestReused: what was decoded before leaves nothing behind.
func TestReused(t *testing.T) {
	var again picture.Image
	for _, name := range []string{"large-420.jpg", "narrow.jpg", "rgba.png", "pixel.jpg", "tiny.webp"} {
		path := filepath.Join("testdata/pictures", name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var fresh picture.Image
		if err := errors.Join(picture.Decode(path, b, false, &fresh), picture.Decode(path, b, false, &again)); err != nil {
			t.Fatal(err)
		}
		if again.H != fresh.H || again.W != fresh.W || string(again.Pixels) != string(fresh.Pixels) {
			t.Errorf("%s differs in memory that was used before", name)
		}
	}
}
