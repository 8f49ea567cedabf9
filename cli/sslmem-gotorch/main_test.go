package main

import (
	"bytes"
	"encoding/gob"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gnn "github.com/wangkuiyi/gotorch/nn"
	gmodels "github.com/wangkuiyi/gotorch/vision/models"

	"sslmem/encoders"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func call(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(append([]string{"sslmem-gotorch"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

// checkpoint saves a gotorch layer as a gotorch program does.
func checkpoint(t *testing.T) (path string, layer *gnn.LinearModule) {
	t.Helper()
	layer = gnn.Linear(3, 2, true)
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(layer.StateDict()); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "linear.gob")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path, layer
}

// Both formats load into our layer and compute what gotorch computed.
func TestConvert(t *testing.T) {
	torchtest.NoLeak(t)
	in, _ := checkpoint(t)
	s := torch.NewScope()
	defer s.Close()
	var sums []float64
	for _, format := range []string{"safetensors", "pt", "pth"} {
		out := filepath.Join(t.TempDir(), "out."+format)
		code, stdout, stderr := call("convert", in, out)
		if code != exitOK || !strings.Contains(stdout, "2 tensors, 8 elements, from bias to weight") {
			t.Fatalf("%s: exit code %d, %s%s", format, code, stdout, stderr)
		}
		state := map[string]*torch.Tensor{}
		if format == "safetensors" {
			read, _, err := torch.LoadSafetensors(s, out)
			if err != nil {
				t.Fatal(err)
			}
			state = read
		} else {
			read, err := torch.LoadPT(s, out, torch.PTOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for name, x := range read.All() {
				state[name] = x
			}
		}
		ours := nn.NewLinear(3, 2, true, torch.NewGenerator(1, torch.CPU))
		if err := nn.LoadState(ours, state); err != nil {
			t.Error(err)
		}
		sums = append(sums, ours.Forward(s.Ones([]int{1, 3}, torch.Float32, torch.CPU)).Sum().Item())
		nn.Free(ours)

		if code, _, stderr := call("convert", in, out); code != exitFailure || !strings.Contains(stderr, "--overwrite") {
			t.Errorf("a file that is there: exit code %d, %s", code, stderr)
		}
		if code, _, stderr := call("convert", "--overwrite", "--resnet", in, out); code != exitOK {
			t.Errorf("overwriting: exit code %d, %s", code, stderr)
		}
	}
	if sums[0] == 0 || sums[0] != sums[1] || sums[1] != sums[2] {
		t.Errorf("the formats give %v", sums)
	}
}

// A ResNet of gotorch becomes an encoder that can be scored; as it is, the error says
// how.
func TestConvertedResNetIsAnEncoder(t *testing.T) {
	torchtest.NoLeak(t)
	dir := t.TempDir()
	in, out := filepath.Join(dir, "resnet.gob"), filepath.Join(dir, "resnet.safetensors")
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(gmodels.Resnet18().StateDict()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := encoders.Open(in, encoders.Options{}); err == nil || !strings.Contains(err.Error(), "sslmem-gotorch convert "+in) {
		t.Errorf("a gob gives %v", err)
	}
	if code, _, stderr := call("convert", "--resnet", in, out); code != exitOK {
		t.Fatal(stderr)
	}
	e, err := encoders.Open(out, encoders.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.Config.Model != "resnet18" || e.Config.Stem != "imagenet" || !strings.Contains(e.String(), "512 features") {
		t.Errorf("%v", e)
	}
}

// Nothing that is no checkpoint makes more than one line on standard error, nor
// an output.
func TestConvertRefusesGarbage(t *testing.T) {
	in, _ := checkpoint(t)
	good, err := os.ReadFile(in)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "out.safetensors")
	for name, raw := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "zeros": make([]byte, 1000), "cut": good[:len(good)-100],
		"no zip": bytes.ReplaceAll(good, []byte("PK"), []byte("QK")),
		"pickle": bytes.ReplaceAll(good, []byte("_rebuild_tensor_v2"), []byte("_rebuild_tensor_v9")),
	} {
		bad := filepath.Join(dir, "bad.gob")
		if err := os.WriteFile(bad, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := call("convert", bad, out)
		if code != exitFailure || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "bad.gob") {
			t.Errorf("%s: exit code %d, %s%s", name, code, stdout, stderr)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: an output was written", name)
		}
	}
}

func TestCommandLine(t *testing.T) {
	in, _ := checkpoint(t)
	for want, args := range map[string][]string{
		"takes two files":             {"convert", in},
		"must end in .safetensors":    {"convert", in, "out.npz"},
		"there is no command \"con\"": {"con"},
		"not defined: -fast":          {"convert", "--fast", in, "out.pt"},
	} {
		if code, _, stderr := call(args...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
	if code, _, stderr := call("convert", in+".none", "out.pt"); code != exitFailure || !strings.Contains(stderr, "no such file") {
		t.Errorf("no file: exit code %d, %s", code, stderr)
	}
	for want, args := range map[string][]string{
		"sslmem-gotorch ": {"version"},
		"COMMANDS":        {},
		"--resnet":        {"convert", "--help"},
		"convert":         {"help"},
	} {
		if code, stdout, stderr := call(args...); code != exitOK || !strings.Contains(stdout, want) {
			t.Errorf("%v: exit code %d, %s%s", args, code, stdout, stderr)
		}
	}
}
