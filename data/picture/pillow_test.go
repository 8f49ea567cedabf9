package picture_test

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sslmem/data/format"
	"sslmem/data/picture"
	"sslmem/internal/python"
)

// loadPillow reads what Pillow made of the files, uint8 [H, W, 3] by name.
func loadPillow(t *testing.T, path string) map[string]*format.Array {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string]*format.Array{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		a, err := format.ReadNPY(f.Name, r, int64(f.CompressedSize64), format.MaxDeflate)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(f.Name, ".npy")] = a
	}
	return out
}

// difference returns the largest and the mean difference of a picture to
// Pillow's.
func difference(t *testing.T, got *picture.Image, want *format.Array) (worst int, mean float64) {
	t.Helper()
	if got.C != 3 || got.H != want.Shape[0] || got.W != want.Shape[1] {
		t.Fatalf("%d×%d×%d pixels instead of %v", got.C, got.H, got.W, want.Shape)
	}
	sum, area := 0, got.H*got.W
	for i := range area {
		for c := range 3 {
			d := int(got.Pixels[c*area+i]) - int(want.Data[3*i+c])
			d = max(d, -d)
			worst, sum = max(worst, d), sum+d
		}
	}
	return worst, float64(sum) / float64(3*area)
}

// A JPEG may differ from Pillow's by what the rounding of the inverse cosine
// transform gives: at most three steps in a channel, and a tenth of a step in the
// mean. Everything else is equal.
const (
	jpegWorst = 3
	jpegMean  = .1
)

func comparePillow(t *testing.T, dir string) {
	worst, mean, n := 0, 0., 0
	for name, want := range loadPillow(t, filepath.Join(dir, "pictures.npz")) {
		t.Run(name, func(t *testing.T) {
			file, option, _ := strings.Cut(name, "+")
			content, err := os.ReadFile(filepath.Join(dir, "pictures", file))
			if err != nil {
				t.Fatal(err)
			}
			var got picture.Image
			if err := picture.Decode(file, content, option == "exif", &got); err != nil {
				t.Fatal(err)
			}
			if size, err := strconv.Atoi(option); err == nil {
				if err := picture.ResizeCrop(&got, size); err != nil {
					t.Fatal(err)
				}
			}
			w, m := difference(t, &got, want)
			mayDiffer := strings.HasSuffix(file, ".jpg")
			if mayDiffer {
				t.Logf("largest difference %d, mean %.4f", w, m)
				worst, mean, n = max(worst, w), mean+m, n+1
			}
			if !mayDiffer && w > 0 || w > jpegWorst || m > jpegMean {
				t.Errorf("largest difference to Pillow %d, mean %.4f", w, m)
			}
		})
	}
	t.Logf("JPEG: largest difference %d, mean %.4f over %d files", worst, mean/float64(n), n)
}

func TestPillow(t *testing.T) { comparePillow(t, "testdata") }

// TestPillowRemake makes the files again where Pillow and torchvision can be
// imported.
func TestPillowRemake(t *testing.T) {
	dir := t.TempDir()
	python.Run(t, "testdata/make_pictures.py", dir)
	comparePillow(t, dir)
}
