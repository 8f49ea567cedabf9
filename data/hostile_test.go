package data_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sslmem/data"
)

// spoil unpacks an official archive, changes one file of it and returns the folder.
func spoil(t *testing.T, archive, file string, change func([]byte) []byte) string {
	t.Helper()
	dir := unpack(t, filepath.Join("testdata", "official", archive))
	path := filepath.Join(dir, filepath.FromSlash(file))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b = change(b); b == nil {
		os.Remove(path)
	} else {
		put(t, filepath.Dir(path), filepath.Base(path), b)
	}
	return dir
}

func set(at int, v byte) func([]byte) []byte {
	return func(b []byte) []byte { b[at] = v; return b }
}

func cut(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:len(b)-n] } }

func gone([]byte) []byte { return nil }

// TestWrongContent: a wrong label, a cut or a missing file gives an error with the
// file and, where content is at fault, the byte.
func TestWrongContent(t *testing.T) {
	const cifar, bin, stl = "cifar-10-binary.tar.gz", "cifar-10-batches-bin/", "stl10_binary.tar.gz"
	for _, c := range []struct {
		archive, file string
		change        func([]byte) []byte
		want          []string
	}{
		{cifar, bin + "data_batch_3.bin", set(3073, 10), []string{"data_batch_3.bin, byte 3073", "label 10, but there are 10 classes"}},
		{cifar, bin + "data_batch_3.bin", cut(1), []string{"data_batch_3.bin, byte 3073", "ends within a record"}},
		{cifar, bin + "data_batch_4.bin", cut(3073), []string{"data_batch_4.bin", "one of them is truncated"}},
		{cifar, bin + "data_batch_5.bin", gone, []string{"data_batch_5.bin is missing"}},
		{cifar, bin + "test_batch.bin", gone, []string{"test_batch.bin is missing"}},
		{cifar, bin + "batches.meta.txt", gone, []string{"batches.meta.txt is missing"}},
		{"cifar-100-binary.tar.gz", "cifar-100-binary/train.bin", set(2*3074+1, 100), []string{"train.bin, byte 6149", "label 100"}},
		{"cifar-10-python.tar.gz", "cifar-10-batches-py/data_batch_2", cut(1), []string{"data_batch_2", "truncated"}},
		{"cifar-10-python.tar.gz", "cifar-10-batches-py/data_batch_2", func(b []byte) []byte {
			return bytes.Replace(b, []byte("numpy.core.multiarray"), []byte("numpy.core.multiarraz"), 1)
		}, []string{"data_batch_2", "no data set needs"}},
		{"cifar-10-python.tar.gz", "cifar-10-batches-py/batches.meta", func([]byte) []byte {
			return []byte("cos\nsystem\n(S'touch /tmp/never'\ntR.")
		}, []string{"batches.meta", "os.system"}},
		{stl, "stl10_binary/train_y.bin", set(2, 0), []string{"train_y.bin, byte 2", "label 0 instead of 1 to 10"}},
		{stl, "stl10_binary/train_y.bin", cut(1), []string{"train_y.bin", "3 labels for 4 images"}},
		{stl, "stl10_binary/test_X.bin", cut(5), []string{"test_X.bin, byte 27648", "ends within an image"}},
		{stl, "stl10_binary/class_names.txt", gone, []string{"class_names.txt is missing"}},
	} {
		dir := spoil(t, c.archive, c.file, c.change)
		_, _, err := data.Open(dir)
		for _, want := range append(c.want, dir) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want one with %q", c.file, err, want)
			}
		}
	}
	for part, want := range map[string]string{"fold10": "no part", "extra": "it has unlabeled"} {
		if _, err := data.OpenSet("testdata/official/" + stl + "#" + part); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("part %s: %v", part, err)
		}
	}
	if _, err := data.OpenSet("testdata/official/" + cifar + "#x"); err == nil || !strings.Contains(err.Error(), "has no parts") {
		t.Errorf("part of CIFAR: %v", err)
	}
}

func TestWrongSVHN(t *testing.T) {
	b, err := os.ReadFile("testdata/official/svhn/extra_32x32.mat")
	if err != nil {
		t.Fatal(err)
	}
	ten, other := make([]byte, 8), make([]byte, 8)
	binary.LittleEndian.PutUint64(ten, 0x4024000000000000)
	for want, bits := range map[string]uint64{
		"label 11 instead of 1 to 10": 0x4026000000000000,
		"no whole number":             0x4026100000000000,
	} {
		binary.LittleEndian.PutUint64(other, bits)
		path := put(t, t.TempDir(), "extra_32x32.mat", bytes.Replace(b, ten, other, 1))
		if _, _, err := data.Open(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// pngHeader is a PNG that announces a picture of w×h pixels and holds none.
func pngHeader(w, h uint32) []byte {
	body := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), w), h)
	body = append(body, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	return binary.BigEndian.AppendUint32(append(out, body...), crc32.ChecksumIEEE(body))
}

// TestBombs: files of a few hundred bytes that announce gigabytes are refused, and
// no memory is taken for them.
func TestBombs(t *testing.T) {
	tarHeader := func(size int64) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		w.WriteHeader(&tar.Header{Name: "data_batch_1.bin", Size: size, Typeflag: tar.TypeReg})
		return b.Bytes()
	}
	zipOf := func(name string, content []byte, announced uint64) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CompressedSize64: uint64(len(content)), UncompressedSize64: announced})
		if err != nil {
			t.Fatal(err)
		}
		w.Write(content)
		z.Close()
		return b.Bytes()
	}
	npy := []byte("\x93NUMPY\x01\x00\x46\x00{'descr': '|u1', 'fortran_order': False, 'shape': (9999, 999, 999)}   \n")
	mat := func() []byte {
		b := append(bytes.Repeat([]byte{' '}, 124), 0, 1, 'I', 'M')
		for _, v := range []uint32{14, 1 << 31, 6, 8, 9, 0, 5, 16, 1 << 10, 1 << 10, 1 << 10, 2, 1, 1, 'X', 0, 2, 1 << 31} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		return b
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"a.png":  {pngHeader(60000, 60000), "the limit is"},
		"b.png":  {pngHeader(9000, 9000), "cannot stand in a file of 33 bytes"},
		"c.npy":  {npy, "cannot hold more than"},
		"d.tar":  {tarHeader(1 << 33), "cannot hold"},
		"e.mat":  {mat(), "only"},
		"f.zip":  {zipOf("a/1.png", []byte{3, 0}, 1<<27), "cannot unpack to more"},
		"g.npz":  {zipOf("x_train.npy", []byte{3, 0}, 1<<40), "truncated"},
		"h.gz":   {append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0}, 3), ""},
		"i.zip":  {zipOf("a/1.png", []byte{3, 0}, 1<<40), "the limit is"},
		"j.webp": {[]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\xff\xff\xff\x0f\x00\x00\x00\x00\x00\x00\x00\x00"), "the limit is"},
	} {
		dir := t.TempDir()
		path := put(t, dir, name, c.content)
		ref := path
		if ext := filepath.Ext(name); ext == ".png" || ext == ".webp" {
			ref = dir // one image is no data set
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := data.Open(ref)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 32<<20 {
			t.Errorf("%s of %d bytes took %d MB", name, len(c.content), took>>20)
		}
	}
}

func TestWrongArrays(t *testing.T) {
	array := func(descr, shape string, content []byte) []byte {
		header := "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n"
		return append(append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), 0), append([]byte(header), content...)...)
	}
	for want, files := range map[string][2][]byte{
		"must be uint8":         {array("<f4", "(1, 2, 2)", make([]byte, 16)), nil},
		"is no set of images":   {array("|u1", "(4,)", make([]byte, 4)), nil},
		"\"|O\"":                {array("|O", "(4,)", make([]byte, 4)), nil},
		"goes on after":         {array("|u1", "(1, 2, 2)", make([]byte, 5)), nil},
		"truncated":             {array("|u1", "(1, 2, 2)", make([]byte, 3)), nil},
		"1 labels for 2 images": {array("|u1", "(2, 2, 2)", make([]byte, 8)), array("|u1", "(1,)", []byte{1})},
		"label -1, but":         {array("|u1", "(1, 2, 2)", make([]byte, 4)), array("|i1", "(1,)", []byte{255})},
		"no whole number":       {array("|u1", "(1, 2, 2)", make([]byte, 4)), array("<f4", "(1,)", []byte{0, 0, 0, 0x3f})},
	} {
		dir := t.TempDir()
		path := put(t, dir, "images.npy", files[0])
		if files[1] != nil {
			put(t, dir, "labels.npy", files[1])
		}
		if _, _, err := data.Open(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
