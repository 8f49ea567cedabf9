package cli

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sslmem/data/format"
	"sslmem/internal/python"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// embedded writes features of the colour images, and returns what is printed.
func embedded(t *testing.T, encoder string, args ...string) embedOutcome {
	t.Helper()
	code, stdout, stderr := call(append(append([]string{"embed", "--json"}, args...), encoder)...)
	var o embedOutcome
	if err := json.Unmarshal([]byte(stdout), &o); code != ExitOK || err != nil {
		t.Fatalf("%v: exit code %d, %v: %s", args, code, err, stderr)
	}
	return o
}

// readNPY reads a file of float32.
func readNPY(t *testing.T, path string) (shape []int, values []float64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	a, err := format.ReadNPY(path, f, info.Size(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Len() {
		values = append(values, float64(math.Float32frombits(binary.LittleEndian.Uint32(a.Data[4*i:]))))
	}
	return a.Shape, values
}

// The three formats hold the same features, and those of the same network as TorchScript.
func TestEmbed(t *testing.T) {
	torchtest.NoLeak(t)
	dir := t.TempDir()
	images := []string{"--data", jpegClasses(t, 70), "--image-size", "16"}
	out := func(name string) []string { return append(images, "-o", filepath.Join(dir, name)) }
	o := embedded(t, foreign, out("all.npy")...)
	shape, all := readNPY(t, o.File)
	if !slices.Equal(shape, []int{70, 16}) || !slices.Equal(o.Shape, shape) || o.Layer != "features" || len(o.Encoder.Notes) != 2 {
		t.Fatalf("%v %+v", shape, o)
	}
	script := embedded(t, foreignScript, out("script.npy")...)
	_, scripted := readNPY(t, script.File)
	torchtest.Close(t, scripted, all, shape, 1e-5, 1e-5)

	// Some images, in another order, with their classes.
	some := append(out("some.safetensors"), "--index", list(t, 69, 0, 5))
	s := torch.NewScope()
	defer s.Close()
	tensors, metadata, err := torch.LoadSafetensors(s, embedded(t, foreign, some...).File)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(all[69*16:70*16], all[:16], all[5*16:6*16])
	torchtest.Close(t, torch.ToSlice[float64](tensors["features"]), want, []int{3, 16}, 1e-6, 1e-6)
	index, label := torch.ToSlice[int64](tensors["index"]), torch.ToSlice[int64](tensors["label"])
	if !slices.Equal(index, []int64{69, 0, 5}) || len(label) != 3 || label[1] != 0 || metadata["layer"] != "features" || len(tensors) != 3 {
		t.Errorf("index %v, label %v, metadata %v", index, label, metadata)
	}
	rows := table(t, embedded(t, foreign, append(out("all.csv"), "--layer", "avgpool")...).File)
	if len(rows) != 71 || strings.Join(rows[0][:4], " ") != "index label f0 f1" || len(rows[0]) != 18 {
		t.Fatalf("%d rows, %v", len(rows), rows[0])
	}
	for i, row := range rows[1:] {
		if row[0] != strconv.Itoa(i) || row[1] == "" {
			t.Fatalf("row %v", row)
		}
		for j, field := range row[2:] {
			if v, err := strconv.ParseFloat(field, 64); err != nil || math.Abs(v-all[i*16+j]) > 1e-6 {
				t.Fatalf("image %d: %v %v, want %v", i, field, err, all[i*16+j])
			}
		}
	}
	if fmt.Sprint(label) != fmt.Sprintf("[%s %s %s]", rows[70][1], rows[1][1], rows[6][1]) {
		t.Errorf("labels %v", label)
	}

	// A layer has its own shape.
	maps := embedded(t, foreign, append(out("maps.npy"), "--layer", "layer2.0.conv1")...)
	if shape, _ := readNPY(t, maps.File); !slices.Equal(shape, []int{70, 4, 8, 8}) {
		t.Errorf("layer2.0.conv1 gives %v", shape)
	}
	code, stdout, _ := call("embed", "--list-layers", foreign)
	if code != ExitOK || !strings.HasPrefix(stdout, "conv1\nbn1\nrelu\nlayer1.0.conv1\n") || !strings.HasSuffix(stdout, "\navgpool\nfeatures\n") {
		t.Errorf("%d %s", code, stdout)
	}
	code, stdout, stderr := call(append(append([]string{"embed", "--overwrite"}, out("all.npy")...), foreign)...)
	if code != ExitOK || !strings.Contains(stdout, "[70 16]") || !strings.Contains(stdout, "note: ") {
		t.Errorf("%d %s %s", code, stdout, stderr)
	}
	if _, again := readNPY(t, o.File); !slices.Equal(again, all) {
		t.Error("the same features come out otherwise")
	}

	t.Run("Python", func(t *testing.T) {
		python.Run(t, "-c", `
import sys, numpy as np
from safetensors.numpy import load_file
dir = sys.argv[1]
a, s, m = np.load(dir + "/all.npy", mmap_mode="r"), load_file(dir + "/some.safetensors"), np.load(dir + "/maps.npy")
t = np.loadtxt(dir + "/all.csv", delimiter=",", skiprows=1, dtype="float32")
assert a.dtype == np.float32 and a.shape == (70, 16) and m.shape == (70, 4, 8, 8)
assert s["index"].tolist() == [69, 0, 5] and s["label"].dtype == np.int64
assert np.allclose(s["features"], a[[69, 0, 5]], atol=1e-6) and np.allclose(t[:, 2:], a, atol=1e-6) and (t[[69, 0, 5], 1] == s["label"]).all()
`, dir)
	})
}

// The encoder of a run knows its data and its views.
func TestEmbedOfARun(t *testing.T) {
	torchtest.NoLeak(t)
	dir := filepath.Join(t.TempDir(), "run")
	if code, _, stderr := call(tiny(dir, "--data", jpegClasses(t, 40), "--set", "image_size=28", "--set", "recipe.epochs=2")...); code != ExitOK {
		t.Fatal(stderr)
	}
	own := filepath.Join(dir, "encoders", "e0.safetensors")
	o := embedded(t, own, "-o", filepath.Join(dir, "own.npy"))
	shape, values := readNPY(t, o.File)
	if !slices.Equal(shape, []int{40, 32}) || fmt.Sprint(o.Encoder.Notes) != "[]" || o.Encoder.Views.Size != 28 {
		t.Errorf("%v %+v", shape, o)
	}
	if _, other := readNPY(t, embedded(t, own, "--mean", "0.9,0.9,0.9", "--std", "1,1,1", "-o", filepath.Join(dir, "o.npy")).File); slices.Equal(other, values) {
		t.Error("another normalisation changes nothing")
	}

	grey := saveNet(t, models.Config{Model: "resnet9", Width: 2, InChannels: 1}, nil, nil)
	o = embedded(t, grey, "--data", "fashion-mnist", "--split", "test", "--index", list(t, 999, 0), "-o", filepath.Join(dir, "test.npy"))
	if !slices.Equal(o.Shape, []int{2, 16}) || o.Split != "test" {
		t.Errorf("%+v", o)
	}
}

func TestEmbedMistakes(t *testing.T) {
	torchtest.NoLeak(t)
	dir, images := t.TempDir(), jpegClasses(t, 10)
	out := filepath.Join(dir, "o.npy")
	there := write(t, "there.csv", "mine")
	s := torch.NewScope()
	defer s.Close()
	broken := saveNet(t, models.Config{Model: "resnet9", Width: 2, InChannels: 3}, nil, func(state map[string]*torch.Tensor) {
		state["res2.1.1.bias"] = s.Full(state["res2.1.1.bias"].Shape(), math.NaN(), torch.Float32, torch.CPU)
	})
	args := func(more ...string) []string {
		return append([]string{"embed", "--data", images, "--image-size", "16"}, more...)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"embed"}, ExitUsage, "needs the file of an encoder"},
		{args(foreign), ExitUsage, "--out FILE"},
		{args("-o", "o.txt", foreign), ExitUsage, ".npy, .safetensors or .csv"},
		{args("-o", there, foreign), ExitUsage, "--overwrite"},
		{args("-o", out, "--split", "all", foreign), ExitUsage, "train or test"},
		{args("-o", out, "--split", "test", foreign), ExitFailure, "no test images"},
		{args("-o", out, "--layer", "layer1.0.con1", foreign), ExitUsage, `did you mean "layer1.0.conv1"`},
		{args("-o", out, "--layer", "conv1", foreignScript), ExitUsage, "TorchScript"},
		{args("-o", out, "--index", list(t, 3, 10), foreign), ExitFailure, "lists image 10, but"},
		{args("-o", out, "--mean", "1,1,1", foreign), ExitUsage, "mean and std"},
		{args("-o", out, "--mean", "1", "--std", "1", foreign), ExitUsage, "the images have 3 channels"},
		{args("-o", out, "--size", "-1", foreign), ExitUsage, "--size"},
		{args("-o", out, broken), ExitFailure, "sslmem: the encoder gives image 0 features that are NaN"},
		{args("-o", out, "--mean", "0,0,0", "--std", "1,0,1", foreign), ExitFailure, "std above 0"},
		{args("-o", filepath.Join(dir, "none", "o.npy"), foreign), ExitFailure, "does not exist"},
		{args("-o", out, "none.pth"), ExitFailure, "no such file"},
		{[]string{"embed", "-o", out, foreign}, ExitUsage, "--data"},
		{[]string{"embed", "-o", out, "--data", "fashion-mnist", foreign}, ExitFailure, "3 channels"},
		{[]string{"embed", "-o", out, "--data", images, foreign}, ExitFailure, "size"},
	} {
		code, stdout, stderr := call(c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %q; want %d and %q", c.args, code, stderr, c.code, c.want)
		}
		if strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%v: not one line on standard error: %q, %q", c.args, stderr, stdout)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("an embedding that failed left %v behind", left)
	}
}
