package ptfile_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslmem/internal/python"
	"sslmem/torch/ptfile"
)

// expected reads what Python says is in each file of a folder of fixtures.
func expected(t testing.TB, folder string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var files map[string]any
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if other, ok := want.(string); ok { // the same as in another file
			files[name] = files[other]
		}
	}
	return files
}

func checkFixtures(t *testing.T, folder string) {
	for name, want := range expected(t, folder) {
		t.Run(name, func(t *testing.T) {
			f, err := ptfile.Open(filepath.Join(folder, name), ptfile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			same(t, described(t, f.Root, contents(t, f)), want)
		})
	}
}

// TestReadsPython compares every fixture with what Python read from it.
func TestReadsPython(t *testing.T) { checkFixtures(t, "testdata") }

// TestRemade makes the fixtures anew with the PyTorch that is there.
func TestRemade(t *testing.T) {
	folder := t.TempDir()
	python.Run(t, "testdata/make.py", folder)
	same(t, any(expected(t, folder)), any(expected(t, "testdata")))
	checkFixtures(t, folder)
}

// TestRefused opens files that Python writes but that are not data of tensors.
func TestRefused(t *testing.T) {
	for name, parts := range map[string][]string{
		"legacy.pt":      {"before 1.6", "torch.save(torch.load(p, weights_only=True), p)"},
		"script.pt":      {"TorchScript", "torch.LoadScript"},
		"module.pt":      {"torch.nn.modules.container.Sequential", "torch.save(model.state_dict(), path)"},
		"config.pt":      {"pathlib.PurePosixPath", "torch.save(model.state_dict(), path)"},
		"sparse.pt":      {"_rebuild_sparse_tensor", "to_dense()"},
		"numpy_array.pt": {"numpy._core.multiarray._reconstruct", "torch.from_numpy"},
		"make.py":        {"does not begin as a zip archive"},
		"none.pt":        {"no such file"},
	} {
		path := filepath.Join("testdata", name)
		_, err := ptfile.Open(path, ptfile.Options{})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, part := range append(parts, path) {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q lacks %q", name, err, part)
			}
		}
	}
}

// TestOpaque reads past objects of unknown classes.
func TestOpaque(t *testing.T) {
	f, err := ptfile.Open("testdata/config.pt", ptfile.Options{Opaque: true})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	root := f.Root.(*ptfile.Dict)
	config, _ := root.Get("config")
	o, ok := config.(*ptfile.Object)
	if !ok || o.Class() != (ptfile.Class{Module: "pathlib", Name: "PurePosixPath"}) || len(o.Args) != 2 || o.Args[1] != ptfile.Value("data") {
		t.Errorf("config is %#v", config)
	}
	if model, _ := root.Get("model"); model.(*ptfile.Dict).Len() != 9 {
		t.Errorf("model is %#v", model)
	}

	// A whole module is an object whose attributes can still be reached.
	m, err := ptfile.Open("testdata/module.pt", ptfile.Options{Opaque: true})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	modules, _ := m.Root.(*ptfile.Object).Attr("_modules")
	if modules.(*ptfile.Dict).Len() != 4 {
		t.Errorf("the module has %#v", modules)
	}
}

func TestReadStorageErrors(t *testing.T) {
	f, err := ptfile.Open("testdata/state_dict.pt", ptfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := f.Storages()[0]
	if err := f.ReadStorage(s, make([]byte, s.Bytes()-1)); err == nil || !strings.Contains(err.Error(), "has 72 bytes, not the 71") {
		t.Errorf("a short slice: %v", err)
	}
	if err := f.ReadStorage(&ptfile.Storage{}, nil); err == nil || !strings.Contains(err.Error(), "not one of this file") {
		t.Errorf("a foreign storage: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if err := f.ReadStorage(s, make([]byte, s.Bytes())); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestDamage changes each byte of a file in turn. Whatever is not seen must
// leave all that was in the file as it was.
func TestDamage(t *testing.T) {
	whole, err := os.ReadFile("testdata/dino.pt")
	if err != nil {
		t.Fatal(err)
	}
	want := expected(t, "testdata")["dino.pt"]
	for i := range whole {
		b := append([]byte{}, whole...)
		b[i] ^= 0x41
		f, err := read(b)
		if err != nil {
			continue
		}
		bad := false
		got := described(t, f.Root, func(s *ptfile.Storage) []byte {
			data := make([]byte, s.Bytes())
			bad = f.ReadStorage(s, data) != nil || bad
			return data
		})
		if !bad {
			same(t, got, want)
		}
	}
	for n := range whole {
		if _, err := read(whole[:n]); err == nil {
			t.Errorf("no error for the first %d of %d bytes", n, len(whole))
		}
	}
}

func read(b []byte) (*ptfile.File, error) {
	return ptfile.Read(strings.NewReader(string(b)), int64(len(b)), ptfile.Options{})
}
