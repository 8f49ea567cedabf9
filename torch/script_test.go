package torch_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

const scripts = "testdata/script"

func script(t testing.TB, path string) *torch.ScriptModule {
	t.Helper()
	m, err := torch.LoadScript(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Free)
	return m
}

func forward(t testing.TB, m *torch.ScriptModule, args ...any) *torch.Tensor {
	t.Helper()
	v, err := m.Forward(args...)
	if err != nil {
		t.Fatal(err)
	}
	return v.Tensor()
}

func TestScripts(t *testing.T) { checkScripts(t, scripts) }

// TestScriptsCurrent makes the archives again where python3 has PyTorch.
func TestScriptsCurrent(t *testing.T) {
	if testing.Short() {
		t.Skip("starting PyTorch takes seconds")
	}
	dir := t.TempDir()
	runPyTorch(t, scripts+"/make.py", dir)
	checkScripts(t, dir)
	before, now := torchtest.Fixture(t, scripts+"/expected.safetensors"), torchtest.Fixture(t, filepath.Join(dir, "expected.safetensors"))
	if len(before) != len(now) {
		t.Errorf("make.py writes %d tensors, the fixture has %d", len(now), len(before))
	}
	for name, want := range before {
		torchtest.AllClose(t, now[name], want, 1e-6, 1e-6)
	}
}

// runPyTorch runs a script with the PyTorch of the libtorch in use, or skips.
func runPyTorch(t *testing.T, args ...string) {
	t.Helper()
	version, err := exec.Command("python3", "-c", "import torch, torchvision, safetensors; print(torch.__version__.split('+')[0], end='')").Output()
	if err != nil || string(version) != torch.Version() {
		t.Skipf("python3 has no PyTorch %s with torchvision and safetensors", torch.Version())
	}
	if out, err := exec.Command("python3", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// checkScripts compares the modules of a folder with what PyTorch computed.
func checkScripts(t *testing.T, dir string) {
	torchtest.NoLeak(t)
	expected := torchtest.Fixture(t, filepath.Join(dir, "expected.safetensors"))
	for _, name := range []string{"vit", "traced"} {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			m := script(t, filepath.Join(dir, name+".pt"))
			s := torch.NewScope()
			defer s.Close()
			for range 4 { // the interpreter optimizes after the first runs
				y := forward(t, m, s.Use(expected[name+"/x"]))
				torchtest.AllClose(t, y, expected[name+"/y"], 1e-5, 1e-6)
				if y.Scope() != s {
					t.Error("the result is not in the scope of its operand")
				}
			}
		})
	}
	t.Run("net", func(t *testing.T) {
		m := script(t, filepath.Join(dir, "net.pt"))
		s := torch.NewScope()
		defer s.Close()
		x := s.Use(expected["net/x"])
		torchtest.AllClose(t, forward(t, m, x), expected["net/eval"], 1e-5, 1e-6)
		sameTensors(t, "parameters", m, torchtest.Group(expected, "net/parameters"))
		if err := m.SetTraining(true); err != nil {
			t.Fatal(err)
		}
		torchtest.AllClose(t, forward(t, m, x), expected["net/train"], 1e-5, 1e-6)
		sameTensors(t, "buffers", m, torchtest.Group(expected, "net/buffers"))
	})
}

func sameTensors(t *testing.T, what string, m *torch.ScriptModule, want map[string]*torch.Tensor) {
	t.Helper()
	tensors := m.NamedParameters()
	if what == "buffers" {
		tensors = m.NamedBuffers()
	}
	n := 0
	for name, x := range tensors {
		n++
		if want[name] == nil {
			t.Errorf("%s has %s", what, name)
			continue
		}
		torchtest.AllClose(t, x, want[name], 1e-6, 1e-6)
	}
	if n != len(want) || n == 0 {
		t.Errorf("%d %s, want %d", n, what, len(want))
	}
	for range tensors { // the rest is freed
		break
	}
}

func TestScriptValues(t *testing.T) {
	torchtest.NoLeak(t)
	m := script(t, scripts+"/values.pt")
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, 2, 3, 4)
	method := func(name string, args ...any) torch.IValue {
		t.Helper()
		v, err := m.Method(name, args...)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if !slices.Contains(m.Methods(), "forward") || !slices.Contains(m.Methods(), "nested") {
		t.Errorf("methods %v", m.Methods())
	}
	v := method("forward", x)
	near(t, "a dict", floats(v.Get("y")), 2, 4, 6, 8)
	if v.String() != "{'y': float32[4], 'sum': float32[]}" {
		t.Errorf("forward gave %v", v)
	}
	near(t, "keywords", floats(method("forward", x, torch.Named{"shift": x, "scale": 3}).Get("sum")), 40)
	v = method("nested", x, []int{2, 2})
	if v.String() != "(float32[2, 2], [float32[4], float32[4]], {'n': 4, 'dim': 1}, True, None)" {
		t.Errorf("nested gave %v", v)
	}
	if v.Len() != 5 || len(v.Tensors()) != 3 || v.At(2).Get("n").Int() != 4 || !v.At(3).Bool() || !v.At(4).IsNone() {
		t.Errorf("nested gave %v", v)
	}
	v = method("pair", x)
	if v.String() != "(low=float32[], high=float32[])" || v.Get("high").Tensor().Item() != 4 {
		t.Errorf("pair gave %v", v)
	}
	parts := map[string]*torch.Tensor{"a": vector(s, 1, 2), "b": vector(s, 3, 4)}
	near(t, "maps, strings and a tuple", floats(method("total", parts, []string{"a", "b", "a"}, []any{2, .5})), 10.5, 16.5)
	near(t, "a result as an argument", floats(method("total", method("forward", vector(s, 1, 2)), []string{"y", "sum"}, []any{1, 0})), 8, 10)
	for want := 1; want < 3; want++ {
		if got := method("tick").Int(); got != want {
			t.Errorf("tick %d, want %d", got, want)
		}
	}
	if got := method("name", torch.CPU, "é", true, 1+2i).Text(); got != "cpu é True 1.+2.j" {
		t.Errorf("name %q", got)
	}
}

func TestScriptErrors(t *testing.T) {
	torchtest.NoLeak(t)
	m := script(t, scripts+"/values.pt")
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, 2)
	for _, c := range []struct {
		method string
		args   []any
		want   []string
	}{
		{"fail", []any{x}, []string{"torch: script.fail(float32[2]): ValueError: one element is wanted, not 2"}},
		{"mismatch", []any{x}, []string{"torch: script.mismatch(float32[2]): RuntimeError: self must be a matrix"}},
		{"forward", nil, []string{"argument x is missing", "schema", "float scale=2."}},
		{"forward", []any{1}, []string{"argument x (number 1) must be *Tensor, not int"}},
		{"forward", []any{x, 1.0, x, 4}, []string{"4 arguments are given by position, but it takes 3"}},
		{"forward", []any{x, torch.Named{"self": x}}, []string{"no argument self"}},
		{"total", []any{map[string]int{"a": 1}, []string{}, []any{1, 2}}, []string{"argument parts (number 1) must be a map from string to *Tensor, not map"}},
		{"total", []any{map[string]*torch.Tensor{}, []string{}, []any{1}}, []string{"a tuple (slice) of int, float64, not []int"}},
		{"nested", []any{x, []float64{1}}, []string{"argument sizes (number 2) must be []int, not []float64"}},
		{"none", []any{x}, []string{"no method none; it has forward"}},
	} {
		_, err := m.Method(c.method, c.args...)
		var e *torch.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: error %v, want a *torch.Error", c.method, err)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q lacks %q", err, part)
			}
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("the error has several lines: %q", err)
		}
	}
	m.Free()
	m.Free()
	_, err := m.Forward(x)
	var e *torch.Error
	if !errors.As(err, &e) || e.Kind != torch.Closed {
		t.Errorf("after Free: %v", err)
	}
	if err := m.SetTraining(true); err == nil {
		t.Error("a freed module was switched")
	}
	mustFail(t, torch.Closed, func() {
		for range m.NamedParameters() {
		}
	}, "freed")
}

func TestLoadScriptErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var other bytes.Buffer
	w := zip.NewWriter(&other)
	if _, err := w.Create("a/b"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	for path, want := range map[string]string{
		filepath.Join(dir, "none.pt"):            "no such file",
		scripts + "/state_dict.pt":               "it is a PyTorch state_dict (torch.save), which has weights but no code; read it with LoadPT",
		scripts + "/legacy.pt":                   "PyTorch before 1.6",
		scripts + "/expected.safetensors":        "not a TorchScript archive",
		write("empty.pt", nil):                   "not a TorchScript archive",
		write("other.pt", other.Bytes()):         "a zip file but not a TorchScript archive",
		write("text.pt", []byte("hello, world")): "not a TorchScript archive",
	} {
		m, err := torch.LoadScript(path)
		if err == nil {
			m.Free()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one with %q and %s", err, want, path)
		}
	}
}

// TestScriptDamage cuts archives short and flips bits in them: each is refused,
// or still is the same module, as where the flipped bit means nothing.
func TestScriptDamage(t *testing.T) {
	torchtest.NoLeak(t)
	whole, err := os.ReadFile(scripts + "/values.pt")
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, data []byte) {
		m, err := torch.ReadScript(bytes.NewReader(data))
		if err != nil {
			return
		}
		defer m.Free()
		s := torch.NewScope()
		defer s.Close()
		if v, err := m.Forward(vector(s, 1, 2)); err == nil && v.Get("sum").Tensor().Item() != 6 {
			t.Errorf("%s gives %v", what, v)
		}
	}
	for n := 0; n < len(whole); n += 1 + len(whole)/200 {
		if m, err := torch.ReadScript(bytes.NewReader(whole[:n])); err == nil {
			m.Free()
			t.Errorf("the first %d of %d bytes were loaded", n, len(whole))
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		data := slices.Clone(whole)
		at, bit := r.IntN(len(data)), r.IntN(8)
		data[at] ^= 1 << bit
		try(fmt.Sprintf("bit %d of byte %d", bit, at), data)
	}
}

func TestScriptGradients(t *testing.T) {
	torchtest.NoLeak(t)
	m := script(t, scripts+"/net.pt")
	expected := torchtest.Fixture(t, scripts+"/expected.safetensors")
	s := torch.NewScope()
	defer s.Close()
	y := forward(t, m, s.Use(expected["net/x"]))
	y.Sum().Backward()
	for name, p := range m.NamedParameters() {
		switch g := p.Grad(); {
		case g == nil:
			t.Errorf("%s has no gradient", name)
		case name == "fc.bias":
			near(t, name, torch.ToSlice[float64](g), 2, 2)
		}
	}
	torch.NoGrad(func() {
		if forward(t, m, s.Use(expected["net/x"])).RequiresGrad() {
			t.Error("recorded inside NoGrad")
		}
	})
}

func TestScriptTo(t *testing.T) {
	torchtest.NoLeak(t)
	m := script(t, scripts+"/net.pt")
	if err := m.To(torch.CPU, torch.Float64); err != nil {
		t.Fatal(err)
	}
	for name, b := range m.NamedBuffers() {
		if want := map[bool]torch.DType{true: torch.Int64, false: torch.Float64}[strings.HasSuffix(name, "num_batches_tracked")]; b.DType() != want {
			t.Errorf("%s is %v", name, b.DType())
		}
	}
	expected := torchtest.Fixture(t, scripts+"/expected.safetensors")
	s := torch.NewScope()
	defer s.Close()
	y := forward(t, m, s.Use(expected["net/x"]).ToDType(torch.Float64))
	if y.DType() != torch.Float64 {
		t.Errorf("result %v", y.DType())
	}
	torchtest.AllClose(t, y, expected["net/eval"], 1e-5, 1e-6)
	if err := m.SetTensor("fc.weight", s.Zeros([]int{2, 4}, torch.Float64, torch.CPU)); err != nil {
		t.Fatal(err)
	}
	bias := expected["net/parameters/fc.bias"].ToDType(torch.Float64).Expand([]int{2, 2})
	torchtest.AllClose(t, forward(t, m, s.Use(expected["net/x"]).ToDType(torch.Float64)), bias, 1e-6, 1e-6)
	for _, name := range []string{"fc.none", "none.weight", "fc", "", "bn.training"} {
		if err := m.SetTensor(name, bias); err == nil || !strings.Contains(err.Error(), "no parameter or buffer") {
			t.Errorf("SetTensor(%q): %v", name, err)
		}
	}
}

func TestScriptConcurrently(t *testing.T) {
	torchtest.NoLeak(t)
	m := script(t, scripts+"/vit.pt")
	expected := torchtest.Fixture(t, scripts+"/expected.safetensors")
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 5 {
				s := torch.NewScope()
				v, err := m.Forward(s.Use(expected["vit/x"]))
				if err != nil {
					t.Error(err)
				} else {
					torchtest.AllClose(t, v.Tensor(), expected["vit/y"], 1e-5, 1e-6)
				}
				if _, err := m.Forward(s, 3); err == nil {
					t.Error("a scope was taken for a tensor")
				}
				s.Close()
				runtime.GC()
			}
		})
	}
	wg.Wait()
}

// A module that nobody frees is freed by the collector.
func TestScriptForgotten(t *testing.T) {
	torchtest.NoLeak(t)
	for range 3 {
		if _, err := torch.LoadScript(scripts + "/net.pt"); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
	}
}

// TestScriptResNet runs torchvision's ResNet-18 as PyTorch exports it.
func TestScriptResNet(t *testing.T) {
	if testing.Short() {
		t.Skip("starting PyTorch takes seconds")
	}
	torchtest.NoLeak(t)
	dir := t.TempDir()
	runPyTorch(t, scripts+"/resnet.py", dir)
	expected := torchtest.Fixture(t, filepath.Join(dir, "expected.safetensors"))
	s := torch.NewScope()
	defer s.Close()
	for _, name := range []string{"scripted", "traced"} {
		m := script(t, filepath.Join(dir, name+".pt"))
		torch.NoGrad(func() {
			torchtest.AllClose(t, forward(t, m, s.Use(expected["x"])), expected["y"], 1e-4, 1e-5)
		})
		n := 0
		for range m.NamedParameters() {
			n++
		}
		if n != 62 {
			t.Errorf("%s has %d parameters, want 62", name, n)
		}
	}
}
