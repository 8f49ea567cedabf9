package data_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
)

// idx returns an IDX file of unsigned bytes with the given header and payload.
func idx(dims []uint32, payload []byte) []byte {
	b := []byte{0, 0, 8, byte(len(dims))}
	for _, n := range dims {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return append(b, payload...)
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

// put writes a file into a folder of the test and returns its path.
func put(t testing.TB, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func count(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func TestReadIDX(t *testing.T) {
	dir := t.TempDir()
	images := idx([]uint32{4, 2, 3}, count(24))
	labels := idx([]uint32{4}, []byte{2, 0, 2, 1})
	for name, pack := range map[string]func([]byte) []byte{"plain": slices.Clone[[]byte], "gzip": gz} {
		d, err := data.ReadIDX(put(t, dir, "a-images-idx3-ubyte", pack(images)), put(t, dir, "l.gz", pack(labels)))
		if err != nil {
			t.Fatal(name, err)
		}
		if d.Len() != 4 || d.C != 1 || d.H != 2 || d.W != 3 || d.Name != "a-images-idx3" {
			t.Errorf("%s: %q has %d images of %d×%d×%d", name, d.Name, d.Len(), d.C, d.H, d.W)
		}
		if !slices.Equal(d.Image(2), []byte{12, 13, 14, 15, 16, 17}) {
			t.Errorf("%s: image 2 is %v", name, d.Image(2))
		}
		if !slices.Equal(d.Labels, []int{2, 0, 2, 1}) || !slices.Equal(d.Classes, []string{"0", "1", "2"}) {
			t.Errorf("%s: labels %v of classes %v", name, d.Labels, d.Classes)
		}
	}
	d, err := data.ReadIDX(put(t, dir, "rgb", idx([]uint32{2, 3, 2, 2}, count(24))), "")
	if err != nil || d.C != 3 || d.H != 2 || d.W != 2 || d.Len() != 2 || d.Labels != nil || d.Classes != nil {
		t.Errorf("colour images: %+v, %v", d, err)
	}
}

func TestReadIDXErrors(t *testing.T) {
	good := idx([]uint32{4, 2, 3}, count(24))
	corrupt := gz(good)
	corrupt[len(corrupt)-6] ^= 1 // in the checksum
	for _, c := range []struct {
		name   string
		file   []byte
		offset int64
		want   string
	}{
		{"empty", nil, 0, "truncated, 4 more"},
		{"short header", good[:6], 6, "truncated, 2 more"},
		{"short data", good[:len(good)-5], 35, "truncated, 5 more"},
		{"very short data", idx([]uint32{60000, 28, 28}, count(100)), 16, "announces 47040000 bytes"},
		{"text", []byte("a,b,c\n1,2,3\n"), 0, "two zero bytes"},
		{"floats", append([]byte{0, 0, 0x0d, 3}, good[4:]...), 2, "type code 0x0d"},
		{"labels", idx([]uint32{4}, count(4)), 3, "looks like a labels file"},
		{"five dimensions", idx([]uint32{1, 1, 1, 1, 1}, count(1)), 3, "5 dimensions"},
		{"no images", idx([]uint32{0, 2, 3}, nil), 4, "length 0"},
		{"no columns", idx([]uint32{1, 2, 0}, nil), 12, "length 0"},
		{"huge side", idx([]uint32{1, 1 << 31, 1}, nil), 8, "2147483648 pixels"},
		{"huge total", idx([]uint32{1<<32 - 1, 8192, 8192}, nil), 8, "limit"},
		{"two channels", idx([]uint32{1, 2, 2, 2}, count(8)), 8, "2 channels"},
		{"trailing", append(slices.Clone(good), 0), 40, "goes on after the 24 bytes"},
		{"gzip of nothing", gz(nil), 0, "truncated"},
		{"gzip, short header", gz(good)[:5], 0, "gzip header"},
		{"gzip, cut", gz(good)[:30], -1, ""},
		{"gzip, wrong checksum", corrupt, 40, "checksum"},
		{"gzip, trailing bytes", append(gz(good), "garbage"...), 40, "end of file"},
		{"gzip, trailing data", gz(append(slices.Clone(good), 1, 2, 3)), 40, "goes on"},
		{"gzip, announces a bomb", gz(idx([]uint32{50000, 8192, 8}, count(10))), 16, "damaged or truncated"},
	} {
		path := put(t, t.TempDir(), "file", c.file)
		d, err := data.ReadIDX(path, "")
		var fe *data.FormatError
		if d != nil || !errors.As(err, &fe) {
			t.Errorf("%s: %v, %v, want a FormatError", c.name, d, err)
			continue
		}
		if fe.File != path || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want the file and %q", c.name, err, c.want)
		}
		if c.offset >= 0 && fe.Offset != c.offset {
			t.Errorf("%s: offset %d, want %d (%v)", c.name, fe.Offset, c.offset, err)
		}
	}
}

func TestLabelErrors(t *testing.T) {
	dir := t.TempDir()
	images := put(t, dir, "images", idx([]uint32{4, 2, 3}, count(24)))
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"count":  {idx([]uint32{3}, count(3)), "3 labels, but " + images + " has 4 images"},
		"images": {idx([]uint32{4, 1, 1}, count(4)), "looks like an images file"},
		"short":  {idx([]uint32{4}, count(3)), "truncated, 1 more"},
	} {
		path := put(t, dir, "labels", c.file)
		_, err := data.ReadIDX(images, path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %s and %q", name, err, path, c.want)
		}
	}
	if _, err := data.ReadIDX(filepath.Join(dir, "none"), ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := data.ReadIDX(dir, ""); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("folder: %v", err)
	}
}

// TestBombTakesNoMemory: a small file whose header announces 4 GB is refused
// before memory is taken.
func TestBombTakesNoMemory(t *testing.T) {
	bomb := idx([]uint32{1 << 18, 128, 128}, count(50000))
	for name, content := range map[string][]byte{"plain": bomb, "gzip": gz(bomb)} {
		path := put(t, t.TempDir(), name, content)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := data.ReadIDX(path, ""); err == nil {
			t.Fatal("accepted")
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 10<<20 {
			t.Errorf("%s: %d MB were allocated", name, took>>20)
		}
	}
}
