package statedict_test

import (
	"bytes"
	"encoding/gob"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wangkuiyi/gotorch"
	gnn "github.com/wangkuiyi/gotorch/nn"
	gmodels "github.com/wangkuiyi/gotorch/vision/models"

	"sslmem/internal/python"
	"sslmem/torch"
	"sslmem/torch/gotorchx"
	"sslmem/torch/gotorchx/statedict"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// encode writes a value as a gotorch program does.
func encode(t testing.TB, values ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := gob.NewEncoder(&b)
	for _, v := range values {
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// What gotorch has encoded, and what it decodes from that, is what is read: all
// of its dtypes, no dimensions, no elements, and views.
func TestReadIsGotorchs(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	var saved, decoded map[string]gotorch.Tensor
	gotorchx.Hold(func() {
		arange := func(dtype torch.DType) gotorch.Tensor {
			return gotorchx.ToGotorch(s.Arange(-3, 3, 1, torch.Float32, torch.CPU).ToDType(dtype).Reshape([]int{2, 3}))
		}
		saved = map[string]gotorch.Tensor{
			"Net.F32":    arange(torch.Float32),
			"Net.F64":    arange(torch.Float64),
			"Net.F16":    arange(torch.Float16),
			"Net.BF16":   arange(torch.BFloat16),
			"Net.I64":    arange(torch.Int64),
			"Net.I32":    arange(torch.Int32),
			"Net.I16":    arange(torch.Int16),
			"Net.I8":     arange(torch.Int8),
			"Net.Flag":   arange(torch.Bool),
			"Net.Scalar": gotorchx.ToGotorch(torch.Scalar(s, 2.5)),
			"Net.Empty":  gotorchx.ToGotorch(s.Zeros([]int{0, 3}, torch.Float32, torch.CPU)),
			"Net.View":   gotorchx.ToGotorch(s.Arange(0, 12, 1, torch.Float32, torch.CPU).Reshape([]int{3, 4}).T().Narrow(0, 1, 2)),
		}
		raw := encode(t, saved)
		if err := gob.NewDecoder(bytes.NewReader(raw)).Decode(&decoded); err != nil {
			t.Fatal(err)
		}
		d, err := statedict.Read(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if len(d) != len(saved) {
			t.Errorf("%d tensors, want %d", len(d), len(saved))
		}
		path := filepath.Join(t.TempDir(), "state.safetensors")
		if err := d.SaveSafetensors(path); err != nil {
			t.Fatal(err)
		}
		read, _, err := torch.LoadSafetensors(s, path)
		if err != nil {
			t.Fatal(err)
		}
		for key, theirs := range decoded {
			want, got := gotorchx.FromGotorch(s, theirs), read[statedict.PyTorchName(key)]
			if got == nil {
				t.Errorf("%s is missing", key)
			} else if got.DType() != want.DType() || !slices.Equal(got.Shape(), want.Shape()) || !got.Equal(want) {
				t.Errorf("%s is %v, want %v", key, got, want)
			}
		}
	})
	if !slices.IsSortedFunc(must(statedict.Read(bytes.NewReader(encode(t, saved)))), func(a, b statedict.Tensor) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the tensors are not sorted")
	}
}

func must(d statedict.StateDict, err error) statedict.StateDict {
	if err != nil {
		panic(err)
	}
	return d
}

// A ResNet of gotorch becomes a file that a module of ours, and torchvision's
// network, load.
func TestResNetToPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	net := gmodels.Resnet18()
	d, err := statedict.Read(bytes.NewReader(encode(t, net.StateDict())))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Rename(statedict.ResNetName); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "resnet18.pt")
	if err := d.SavePT(path); err != nil {
		t.Fatal(err)
	}
	s := torch.NewScope()
	defer s.Close()
	checkpoint, err := torch.LoadPT(s, path, torch.PTOptions{})
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]*torch.Tensor{}
	for name, x := range checkpoint.All() {
		read[name] = x
	}
	wrapped, err := gotorchx.FromModule(net)
	if err != nil {
		t.Fatal(err)
	}
	defer nn.Free(wrapped)
	wrapped.Rename(statedict.ResNetName)
	for name, want := range nn.State(wrapped) {
		if got := read[name]; got == nil || !got.Equal(want) {
			t.Errorf("%s is not what gotorch has", name)
		}
	}

	const script = `import sys, torch, torchvision
net = torchvision.models.resnet18()
net.load_state_dict(torch.load(sys.argv[1], weights_only=True))
print("loaded", net.fc.weight.shape[0])`
	if out := string(python.Run(t, "-c", script, path)); !strings.Contains(out, "loaded 1000") {
		t.Errorf("torchvision: %s", out)
	}
}

// Files that are something else, damaged or doubtful are refused with the reason.
func TestReadErrors(t *testing.T) {
	net := gnn.Linear(2, 3, true)
	good := encode(t, net.StateDict())
	for want, raw := range map[string][]byte{
		"no checkpoint of gotorch":             nil,
		"gob of its StateDict(): EOF":          {},
		"this is no checkpoint":                []byte("garbage that is no gob"),
		"unexpected EOF":                       good[:len(good)/2],
		"this is no checkpoint of gotorch, wh": encode(t, map[string]float64{"Net.Weight": 1}),
		"something behind":                     encode(t, net.StateDict(), net.StateDict()),
		"no tensors":                           encode(t, map[string]gotorch.Tensor{}),
		`the tensor "LinearModule.`:            bytes.ReplaceAll(good, []byte("PK\x03\x04"), []byte("PK\x03\x05")),
		"would both be called fc.weight":       encode(t, map[string]gotorch.Tensor{"A.FC.Weight": net.Weight, "B.FC.Weight": net.Weight}),
	} {
		if d, err := statedict.Read(bytes.NewReader(raw)); err == nil || d != nil && !strings.Contains(want, "both") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", want, err)
		}
	}
	if _, err := statedict.Open(filepath.Join(t.TempDir(), "none.gob")); !os.IsNotExist(unwrapped(err)) {
		t.Errorf("no file: error %v", err)
	}
	path := filepath.Join(t.TempDir(), "bad.gob")
	if err := os.WriteFile(path, good[:20], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := statedict.Open(path); err == nil || !strings.Contains(err.Error(), "bad.gob") {
		t.Errorf("a damaged file: error %v", err)
	}
	d := must(statedict.Read(bytes.NewReader(good)))
	if err := d.Rename(func(string) string { return "x" }); err == nil {
		t.Error("two tensors of one name were accepted")
	}
}

func unwrapped(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || u.Unwrap() == nil {
			return err
		}
		if os.IsNotExist(err) {
			return err
		}
		err = u.Unwrap()
	}
}

// Whatever the bytes are, Read returns.
func FuzzRead(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("gob"))
	f.Add(encode(f, gnn.Linear(1, 2, true).StateDict()))
	f.Add(encode(f, map[string][]byte{"Net.Weight": []byte("PK")}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := statedict.Read(bytes.NewReader(raw))
		if err == nil && len(d) == 0 {
			t.Error("nothing was read, without an error")
		}
	})
}
