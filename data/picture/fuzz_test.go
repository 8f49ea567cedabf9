package picture_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"sslmem/data/format"
	"sslmem/data/picture"
)

// FuzzDecode: no input panics, errors name the file, and what is accepted has
// the pixels that its shape says.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/pictures/*")
	if err != nil || len(files) == 0 {
		f.Fatal("no pictures")
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 4000 {
			f.Add(b)
			f.Add(b[:len(b)*2/3])
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var m picture.Image
		err := picture.Decode("f", content, true, &m)
		if err != nil {
			var fe *format.Error
			if !errors.As(err, &fe) || fe.File != "f" || fe.Offset < 0 || fe.Offset > int64(len(content)) {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		if m.C != 3 || m.H < 1 || m.W < 1 || len(m.Pixels) != 3*m.H*m.W {
			t.Fatalf("%d×%d×%d with %d bytes", m.C, m.H, m.W, len(m.Pixels))
		}
		if m.H*m.W > 1<<16 {
			return
		}
		if err := picture.ResizeCrop(&m, 7); err != nil || m.H != 7 || m.W != 7 || len(m.Pixels) != 3*49 {
			t.Fatalf("%d×%d with %d bytes: %v", m.H, m.W, len(m.Pixels), err)
		}
	})
}
