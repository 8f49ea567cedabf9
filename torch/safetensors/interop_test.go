package safetensors_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"sslmem/internal/python"
	"sslmem/torch/safetensors"
)

// readBack prints what the reference implementation finds in a file: the
// metadata and, for each tensor in name order, dtype, shape and bytes in hex.
const readBack = `
import json, sys
from safetensors import deserialize, safe_open
blob = open(sys.argv[1], "rb").read()
tensors = [[n, t["dtype"], list(t["shape"]), bytes(t["data"]).hex()] for n, t in deserialize(blob)]
with safe_open(sys.argv[1], framework="numpy") as f:
    metadata = f.metadata()
print(json.dumps({"metadata": metadata, "tensors": sorted(tensors)}))
`

// TestReferenceReadsOurs opens files written here with the reference
// implementation, where python3 has it:
//
//	pip install safetensors==0.8.0 numpy==2.4.6
func TestReferenceReadsOurs(t *testing.T) {
	if err := exec.Command("python3", "-c", "import safetensors, numpy").Run(); err != nil {
		t.Skip("python3 cannot import safetensors and numpy")
	}
	every := mixed()
	for _, d := range []safetensors.DType{"BOOL", "F4", "F6_E2M3", "F6_E3M2", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ",
		"I16", "U16", "F16", "BF16", "I32", "U32", "F32", "C64", "F64", "I64", "U64"} {
		data := []byte("12345678abcdefgh12345678ABCDEFGH")[:4*d.Bits()/8]
		every = append(every, safetensors.Tensor{Name: "é \"\\\n" + string(d), DType: d, Shape: []int64{4, 1}, Data: data})
	}
	for _, c := range []struct {
		name     string
		tensors  []safetensors.Tensor
		metadata map[string]string
	}{
		{"every dtype", every, map[string]string{"epoch": "3", "ключ": "\u2028\x01\"", "": ""}},
		{"no metadata", mixed(), nil},
		{"empty metadata", mixed(), map[string]string{}},
		{"only metadata", nil, map[string]string{"a": "b"}},
		{"nothing", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ours.safetensors")
			if err := safetensors.Save(path, c.tensors, c.metadata); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("python3", "-c", readBack, path).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			var got struct {
				Metadata map[string]string
				Tensors  [][]any
			}
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if len(got.Metadata) != len(c.metadata) {
				t.Errorf("metadata %q, want %q", got.Metadata, c.metadata)
			}
			for key, value := range c.metadata {
				if got.Metadata[key] != value {
					t.Errorf("metadata %q is %q, want %q", key, got.Metadata[key], value)
				}
			}
			if len(got.Tensors) != len(c.tensors) {
				t.Fatalf("%d tensors, want %d", len(got.Tensors), len(c.tensors))
			}
			f, err := safetensors.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for _, tensor := range got.Tensors {
				info, data, err := f.Tensor(tensor[0].(string))
				if err != nil {
					t.Fatal(err)
				}
				want := compact(t, []any{info.Name, info.DType, info.Shape, hex.EncodeToString(data)})
				if line := compact(t, tensor); line != want {
					t.Errorf("the reference reads %s, want %s", line, want)
				}
			}
		})
	}
}

func compact(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// everyType writes one tensor of each type that PyTorch has.
const everyType = `
import sys
import torch
from safetensors.torch import save_file
types = [getattr(torch, n) for n in ("bool uint8 int8 uint16 int16 uint32 int32 uint64 int64 float16 bfloat16 float32 float64 complex64 float8_e4m3fn "
         "float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2").split()]
data = torch.tensor([1, 0, 1, 1, 0, 1, 0, 1] * 2, dtype=torch.uint8)
save_file({str(t): data.clone().view(t) for t in types}, sys.argv[1])
`

// TestEveryTypeSameBytes writes what the reference implementation wrote, in any order,
// and gets its bytes.
func TestEveryTypeSameBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "theirs.safetensors")
	python.Run(t, "-c", everyType, path)
	theirs, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Parse(theirs)
	if err != nil {
		t.Fatal(err)
	}
	var list []safetensors.Tensor
	for info, data := range f.All() {
		list = append(list, safetensors.Tensor{Name: info.Name, DType: info.DType, Shape: info.Shape, Data: data})
	}
	if len(list) != 20 {
		t.Errorf("%d tensors, want 20", len(list))
	}
	slices.Reverse(list)
	var ours bytes.Buffer
	if err := safetensors.Write(&ours, list, f.Metadata()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ours.Bytes(), theirs) {
		t.Errorf("got  %.600q\nwant %.600q", ours.Bytes(), theirs)
	}
}
