package data_test

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/picture"
)

const folder = "testdata/official/folder"

// pathsOf returns the paths of a source below root, and its labels.
func pathsOf(s data.Source, root string) (paths []string, labels []int) {
	f := s.(*data.Files)
	for i := range f.Len() {
		path := filepath.ToSlash(f.Path(i))
		at := max(strings.LastIndex(path, "/"+root), strings.LastIndex(path, "!"+root))
		paths, labels = append(paths, path[at+1+len(root):]), append(labels, f.Label(i))
	}
	return paths, labels
}

func checkFolder(t *testing.T, path, format string) {
	t.Helper()
	want := loadExpected(t, "testdata/official.json")
	s, err := data.OpenSet(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Format != format || s.Test == nil {
		t.Fatalf("recognised as %q with test set %v", s.Format, s.Test)
	}
	for _, c := range []struct {
		part string
		s    data.Source
	}{{"train", s.Train}, {"val", s.Test}} {
		w := want["folder "+c.part]
		paths, labels := pathsOf(c.s, c.part+"/")
		if !slices.Equal(paths, w.Paths) || !slices.Equal(labels, w.Labels) || !slices.Equal(c.s.ClassNames(), w.Classes) {
			t.Errorf("%s: %q with labels %v and classes %q\ninstead of %q with %v and %q", path, paths, labels, c.s.ClassNames(), w.Paths, w.Labels, w.Classes)
		}
		var got, direct picture.Image
		for i := range c.s.Len() {
			if err := c.s.Decode(i, &got); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(folder, c.part, filepath.FromSlash(w.Paths[i]))
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := picture.Decode(file, content, false, &direct); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Pixels, direct.Pixels) {
				t.Errorf("%s: image %d is not %s", path, i, w.Paths[i])
			}
		}
	}
}

func TestImageFolder(t *testing.T) { checkFolder(t, folder, "folder of images") }

// TestImageArchives packs the folder and reads it where it lies.
func TestImageArchives(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		pack func(w io.Writer, root string) error
	}{
		{"a.tar", packTar},
		{"a.tgz", func(w io.Writer, root string) error {
			z := gzip.NewWriter(w)
			if err := packTar(z, root); err != nil {
				return err
			}
			return z.Close()
		}},
		{"a.zip", func(w io.Writer, root string) error {
			z := zip.NewWriter(w)
			if err := z.AddFS(os.DirFS(root)); err != nil {
				return err
			}
			return z.Close()
		}},
	} {
		path := filepath.Join(dir, c.name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.pack(f, folder); err != nil {
			t.Fatal(err)
		}
		f.Close()
		checkFolder(t, path, "archive of images")
	}
}

// packTar packs a folder with the last files first, as order must not matter.
func packTar(w io.Writer, root string) error {
	var names []string
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Reverse(names)
	t := tar.NewWriter(w)
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if err := t.WriteHeader(&tar.Header{Name: "./set/" + name, Size: int64(len(b)), Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
			return err
		}
		if _, err := t.Write(b); err != nil {
			return err
		}
	}
	return t.Close()
}

func TestShards(t *testing.T) {
	want := loadExpected(t, "testdata/official.json")["shards"]
	s, err := data.OpenSet("testdata/official/shards")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Format != "WebDataset" || s.Test != nil || len(s.Train.ClassNames()) != 4 {
		t.Errorf("%+v", s)
	}
	compare(t, s.Train, want, true)
	one, _, err := data.Open("testdata/official/shards/train-00001.tar")
	if err != nil || one.Len() != 3 || !slices.Equal(one.Labels, []int{1, 2, 3}) {
		t.Errorf("one shard: %+v, %v", one, err)
	}
}

// TestNestedTar: ImageNet's archive of training images holds one of each class.
func TestNestedTar(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ILSVRC2012_img_train.tar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(folder, "val", "A", "v.png"))
	if err != nil {
		t.Fatal(err)
	}
	outer := tar.NewWriter(f)
	for _, class := range []string{"n02", "n01"} {
		var b strings.Builder
		inner := tar.NewWriter(&b)
		for k := range 2 {
			inner.WriteHeader(&tar.Header{Name: fmt.Sprintf("%s_%d.JPEG", class, k), Size: int64(len(content)), Typeflag: tar.TypeReg})
			inner.Write(content)
		}
		inner.Close()
		outer.WriteHeader(&tar.Header{Name: class + ".tar", Size: int64(b.Len()), Typeflag: tar.TypeReg})
		io.WriteString(outer, b.String())
	}
	outer.Close()
	f.Close()
	for _, ref := range []string{path, dir} {
		d, _, err := data.Open(ref)
		if err != nil {
			t.Fatal(err)
		}
		if d.Len() != 4 || !slices.Equal(d.Labels, []int{0, 0, 1, 1}) || !slices.Equal(d.Classes, []string{"n01", "n02"}) {
			t.Errorf("%d images, labels %v, classes %v", d.Len(), d.Labels, d.Classes)
		}
	}
}

func TestImageFolderErrors(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(folder, "val", "A", "v.png"))
	if err != nil {
		t.Fatal(err)
	}
	for want, files := range map[string][]string{
		"b holds no image":          {"a/1.png", "b/notes.txt"},
		"beside the folders":        {"a/1.png", "2.png"},
		"end in .tif cannot":        {"a/1.png", "a/2.tif"},
		"has the classes a, but":    {"train/a/1.png", "train/b/1.png", "val/a/1.png"},
		"none of the data sets":     {"a/notes.txt"},
		"is one image":              {"1.png"},
		"damaged PNG file":          {"a/1.png", "b/cut.png"},
		"no JPEG, PNG, WebP or BMP": {"a/1.png", "b/text.jpg"},
	} {
		dir := t.TempDir()
		for _, name := range files {
			b := content
			switch filepath.Base(name) {
			case "cut.png":
				b = content[:len(content)/2]
			case "text.jpg":
				b = []byte("not a picture")
			}
			os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777)
			put(t, dir, name, b)
		}
		path := dir
		if len(files) == 1 && files[0] == "1.png" {
			path = filepath.Join(dir, "1.png")
		}
		_, _, err := data.Open(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%v: error %v, want one with %q", files, err, want)
		}
	}
}

// TestLoadSizes: pictures of many sizes need one to be given.
func TestLoadSizes(t *testing.T) {
	if _, _, err := data.Open(folder); err == nil || !strings.Contains(err.Error(), "give the size") {
		t.Errorf("pictures of different sizes: %v", err)
	}
	train, test, err := data.OpenSized(folder, 8)
	if err != nil {
		t.Fatal(err)
	}
	if train.H != 8 || train.W != 8 || train.C != 3 || test.Len() != 3 || train.Name != "folder" {
		t.Errorf("%q: %d×%d×%d, %d test images", train.Name, train.C, train.H, train.W, test.Len())
	}
	old := runtime.GOMAXPROCS(1)
	again, _, err := data.OpenSized(folder, 8)
	runtime.GOMAXPROCS(old)
	if err != nil || !slices.Equal(again.Pixels, train.Pixels) {
		t.Errorf("one core gives other pixels: %v", err)
	}
}
