package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"image/png"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sslmem/data"
	"sslmem/data/fetch"
)

// official are small data sets in the official formats, see package data.
const official = "../data/testdata/official"

func TestDataInfo(t *testing.T) {
	for ref, want := range map[string]described{
		"fashion-mnist":                         {Name: "fashion-mnist", Train: 6000, Test: 1000, Shape: "1×28×28", Decoded: 6000},
		official + "/cifar-10-binary.tar.gz":    {Name: "cifar10", Train: 10, Test: 2, Shape: "3×32×32", Decoded: 10},
		official + "/folder":                    {Name: "folder", Train: 9, Test: 3, Shape: "3×10×12–14", Decoded: 9},
		official + "/stl10_binary.tar.gz#fold3": {Name: "stl10-fold3", Train: 2, Test: 2, Shape: "3×96×96", Decoded: 2},
	} {
		code, stdout, stderr := call("data", "info", "--json", ref)
		var got described
		if code != ExitOK || json.Unmarshal([]byte(stdout), &got) != nil {
			t.Errorf("%s: exit code %d: %s", ref, code, stderr)
			continue
		}
		if got.Name != want.Name || got.Train != want.Train || got.Test != want.Test || got.Shape != want.Shape || got.Decoded != want.Decoded {
			t.Errorf("%s: %+v", ref, got)
		}
	}
	_, stdout, _ := call("data", "info", "fashion-mnist")
	for _, want := range []string{"6000 images, 1×28×28", "10 of 600 images: T-shirt/top", "0.2855", "0.3524"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is missing in %s", want, stdout)
		}
	}
}

func TestDataList(t *testing.T) {
	t.Setenv("SSLMEM_DATA", t.TempDir())
	code, stdout, stderr := call("data", "list", "--json")
	var list []listed
	if code != ExitOK || json.Unmarshal([]byte(stdout), &list) != nil {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	here := map[string]string{}
	for _, l := range list {
		if l.Train == 0 || l.Licence == "" || !strings.HasPrefix(l.Page, "http") {
			t.Errorf("%+v", l)
		}
		here[l.Name] = l.Here
	}
	if here["fashion-mnist"] != "carried" || here["cifar10"] != "" || len(list) < 12 {
		t.Errorf("%v", here)
	}
	put := filepath.Join(data.Home(), "cifar10")
	if err := os.MkdirAll(put, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, stdout, _ = call("data", "list"); !strings.Contains(stdout, put) {
		t.Errorf("%s is not listed:\n%s", put, stdout)
	}
}

func TestDataMistakes(t *testing.T) {
	t.Setenv("SSLMEM_DATA", t.TempDir())
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"data infos", ExitUsage, "did you mean sslmem data info?"},
		{"data info", ExitUsage, "sslmem data info needs a data set"},
		{"data info a --json", ExitUsage, "must stand before"},
		{"data info --jsn a", ExitUsage, "did you mean --json?"},
		{"data get cifr10", ExitUsage, "did you mean cifar10?"},
		{"data get imagenet", ExitFailure, "sign the agreement"},
		{"data info cifar10", ExitFailure, "get it with: sslmem data get cifar10"},
		{"data info /none/such", ExitFailure, "no such file"},
		{"data preview --augment strongg fashion-mnist", ExitUsage, "strong"},
		{"data preview --augment strong " + official + "/folder", ExitFailure, "in preview that is --size 96"},
		{"train --data " + official + "/folder --out " + t.TempDir() + "/run", ExitFailure, "--set image_size=96"},
	} {
		code, _, stderr := call(strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d: %s", c.args, code, stderr)
		}
	}
}

func TestDataVerify(t *testing.T) {
	code, stdout, stderr := call("data", "verify", official+"/folder")
	if code != ExitOK || !strings.Contains(stdout, "all 12 images") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	if code, stdout, _ = call("data", "verify", official+"/fashion"); code != ExitOK || !strings.Contains(stdout, "other ") {
		t.Errorf("files of another set: exit code %d: %s", code, stdout)
	}
	if code, stdout, _ = call("data", "verify", official+"/cifar-10-binary.tar.gz"); code != ExitFailure || !strings.Contains(stdout, "WRONG") {
		t.Errorf("another archive: exit code %d: %s", code, stdout)
	}
	dir := t.TempDir()
	b, err := os.ReadFile(official + "/folder/val/A/v.png")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"a.png": b, "cut.png": b[:60]} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if code, stdout, stderr = call("data", "verify", dir); code != ExitFailure || !strings.Contains(stdout, "cut.png") || !strings.Contains(stderr, "1 images") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}

func TestDataPreview(t *testing.T) {
	for _, ref := range []string{"fashion-mnist", official + "/cifar-10-binary.tar.gz", official + "/shards"} {
		out := filepath.Join(t.TempDir(), "p.png")
		code, stdout, stderr := call("data", "preview", "--augment", "strong", "--out", out, ref)
		if code != ExitOK || strings.TrimSpace(stdout) != out {
			t.Errorf("%s: exit code %d: %s", ref, code, stderr)
			continue
		}
		f, err := os.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(f); err != nil {
			t.Error(err)
		}
		f.Close()
	}
	// Views of a size of their own are cut from images of many sizes, as in a run.
	out := filepath.Join(t.TempDir(), "views.png")
	if code, _, stderr := call("data", "preview", "--augment", "simclr-224", "--out", out, "../data/testdata/official/folder"); code != ExitOK || !exists(out) {
		t.Errorf("many sizes: exit code %d: %s", code, stderr)
	}
}

// TestGetter fetches a data set from a local server, is cut off, goes on, and
// refuses what is wrong.
func TestGetter(t *testing.T) {
	content, err := os.ReadFile(official + "/cifar-10-binary.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	cut := true
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cut {
			cut = false
			w.Header().Set("Content-Length", "100000")
			w.Write(content[:1000])
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	defer s.Close()
	sum := md5.Sum(content)
	entry := data.Entry{Name: "cifar10", Title: "CIFAR-10", Files: []data.File{
		{Name: "cifar-10-binary.tar.gz", URLs: []string{s.URL + "/c"}, MD5: hex.EncodeToString(sum[:])},
		{Name: "more", URLs: []string{s.URL + "/more"}, Optional: true},
	}}
	t.Setenv("SSLMEM_DATA", t.TempDir())
	var out, errs bytes.Buffer
	g := getter{entry: entry, dir: filepath.Join(data.Home(), "cifar10"), out: &out, err: &errs, options: fetch.Options{Wait: time.Millisecond}}
	if err := g.get(t.Context()); err != nil {
		t.Fatal(err)
	}
	// What was got is opened by its name.
	set, err := data.OpenSet("CIFAR_10")
	if err != nil || set.Name != "cifar10" || set.Train.Len() != 10 {
		t.Errorf("%+v, %v", set, err)
	}
	if exists(filepath.Join(g.dir, "more")) {
		t.Error("an optional file was fetched")
	}
	g.dir += "-again"
	g.entry.Files[0].MD5 = strings.Repeat("0", 32)
	if err := g.get(t.Context()); err == nil || !strings.Contains(err.Error(), "MD5") {
		t.Errorf("wrong sum: %v", err)
	}
	s.Close()
	out.Reset()
	if err := g.get(t.Context()); err == nil || !strings.Contains(out.String(), "in another way") || !strings.Contains(out.String(), g.dir) {
		t.Errorf("no network: %v, %s", err, out.String())
	}
}

// TestTakeSystem: what Debian's package installs is taken only if it is all of it.
func TestTakeSystem(t *testing.T) {
	var errs bytes.Buffer
	e, _ := data.Lookup(allFashion)
	g := getter{entry: e, dir: filepath.Join(t.TempDir(), "new"), out: io.Discard, err: &errs, system: official + "/fashion"}
	if g.takeSystem() || !strings.Contains(errs.String(), "passed over") || exists(g.dir) {
		t.Errorf("a part of the set was taken: %s", errs.String())
	}
	e.Train, e.Test = 12, 5
	g.entry = e
	if g.takeSystem() {
		t.Error("other images were taken for Fashion-MNIST")
	}
	if err := g.copySystem(); err != nil {
		t.Fatal(err)
	}
	if train, _, err := data.Open(g.dir); err != nil || train.Len() != 12 {
		t.Errorf("the copy: %v", err)
	}
}

// TestColourImagesThroughTheDemo trains, scores and draws on an archive of made
// colour images, without a setting that says so.
func TestColourImagesThroughTheDemo(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cifar.tar.gz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	random := rand.New(rand.NewPCG(1, 2))
	add := func(name string, content []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	add("c/batches.meta.txt", []byte("one\ntwo\n"))
	for _, name := range []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"} {
		b := make([]byte, 20*3073)
		for i := range b {
			if i%3073 == 0 {
				b[i] = byte(random.IntN(2))
			} else {
				b[i] = byte(random.IntN(256))
			}
		}
		add("c/"+name+".bin", b)
	}
	w.Close()
	z.Close()
	f.Close()
	run := filepath.Join(dir, "run")
	code, _, stderr := call(small(run, "--data", path, "--set", "recipe.width=2", "--pairs", "1")...)
	if code != ExitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	text, err := os.ReadFile(filepath.Join(run, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if !exists(filepath.Join(run, "report.html")) || !strings.Contains(string(text), "size = 0") {
		t.Errorf("config.toml:\n%s", text)
	}
}
