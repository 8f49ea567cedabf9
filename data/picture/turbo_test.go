package picture

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"sslmem/data/picture/turbo"
	"sslmem/data/rng"
)

// needTurbo skips a test where libjpeg-turbo is not used.
func needTurbo(t *testing.T) {
	t.Helper()
	if turbo.Library() == "" {
		t.Skip("libjpeg-turbo is not used here: apt install libturbojpeg0, or name its file with SSLMEM_JPEG")
	}
}

func jpegs(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/pictures/*.jpg")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d JPEGs (%v)", len(paths), err)
	}
	out := map[string][]byte{}
	for _, p := range paths {
		if out[filepath.Base(p)], err = os.ReadFile(p); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// decodeGo decodes with Go's decoder.
func decodeGo(t *testing.T, content []byte) *Image {
	t.Helper()
	im, err := decodeSafely(find(content), content)
	if err != nil {
		t.Fatal(err)
	}
	out := new(Image)
	if err := convert(im, false, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Both decoders differ by what the rounding of the inverse cosine transform
// gives: at most three steps.
func TestTurboAgainstGo(t *testing.T) {
	needTurbo(t)
	for name, content := range jpegs(t) {
		var got Image
		if err := Decode(name, content, false, &got); err != nil {
			t.Fatal(err)
		}
		want := decodeGo(t, content)
		if got.C != want.C || got.H != want.H || got.W != want.W {
			t.Fatalf("%s: %d×%d×%d pixels instead of %d×%d×%d", name, got.C, got.H, got.W, want.C, want.H, want.W)
		}
		worst := 0
		for i, v := range got.Pixels {
			worst = max(worst, int(v)-int(want.Pixels[i]), int(want.Pixels[i])-int(v))
		}
		if worst > 3 {
			t.Errorf("%s: the decoders differ by %d", name, worst)
		}
	}
}

// Damaged files never crash the library, and what it takes is of the right size.
func TestTurboDamaged(t *testing.T) {
	needTurbo(t)
	r := rng.New(1)
	taken, refused := 0, 0
	for name, content := range jpegs(t) {
		for range 150 {
			bad := bytes.Clone(content)
			for range 1 + r.IntN(3) {
				bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
			}
			if r.IntN(4) == 0 {
				bad = bad[:r.IntN(len(bad))]
			}
			var im Image
			if err := Decode(name, bad, false, &im); err != nil {
				refused++
				continue
			}
			if taken++; len(im.Pixels) != 3*im.H*im.W {
				t.Errorf("%s: %d bytes for %d×%d pixels", name, len(im.Pixels), im.H, im.W)
			}
		}
	}
	if taken == 0 || refused == 0 {
		t.Errorf("%d damaged files were taken, %d refused", taken, refused)
	}
}

// A file that is cut off is refused whatever decodes it.
func TestTurboTruncated(t *testing.T) {
	needTurbo(t)
	for name, content := range jpegs(t) {
		var im Image
		if err := Decode(name, content[:len(content)*3/4], false, &im); err == nil {
			t.Errorf("%s: three quarters of it are taken for all", name)
		}
	}
}

// Many goroutines decode at once what one does.
func TestTurboTogether(t *testing.T) {
	needTurbo(t)
	var wg sync.WaitGroup
	for name, content := range jpegs(t) {
		var want Image
		if err := Decode(name, content, false, &want); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			wg.Go(func() {
				var got Image
				for range 10 {
					if err := Decode(name, content, false, &got); err != nil || !slices.Equal(got.Pixels, want.Pixels) {
						t.Errorf("%s: other pixels (%v)", name, err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
}
