package torch_test

import (
	"path/filepath"
	"strings"
	"testing"

	"sslmem/internal/python"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

const (
	autocastFile   = "testdata/autocast.safetensors"
	autocastScript = "testdata/make_autocast.py"
)

// autocastNet is the network of make_autocast.py. It returns every intermediate
// result, and the parameters with their gradients, by name.
func autocastNet(s *torch.Scope, fixture map[string]*torch.Tensor, dtype torch.DType, nested bool) (seen map[string]*torch.Tensor, params map[string]*torch.Tensor) {
	params = map[string]*torch.Tensor{}
	for name, w := range torchtest.Group(fixture, "weight") {
		params[name] = s.Use(w).Clone().RequireGrad(true)
	}
	seen = map[string]*torch.Tensor{}
	w := params
	torch.Autocast(torch.CPUType, dtype, func() {
		one := []int{1}
		seen["conv"] = s.Use(fixture["x"]).Conv2d(w["conv"], w["conv_bias"], one, one, nil, 1)
		mean, variance := s.Zeros([]int{6}, torch.Float32, torch.CPU), s.Ones([]int{6}, torch.Float32, torch.CPU)
		seen["bn"] = seen["conv"].BatchNorm(w["bn"], w["bn_bias"], mean, variance, true, .1, 1e-5, true)
		seen["pool"] = seen["bn"].Relu().AdaptiveAvgPool2d([]int{4, 4})
		flat := seen["pool"].Flatten(1, -1)
		if nested {
			torch.NoAutocast(torch.CPUType, func() {
				seen["linear"] = flat.ToDType(torch.Float32).Linear(w["linear"], w["linear_bias"])
			})
		} else {
			seen["linear"] = flat.Linear(w["linear"], w["linear_bias"])
		}
		seen["ln"] = seen["linear"].LayerNorm([]int{10}, w["ln"], w["ln_bias"], 1e-5)
		seen["matmul"] = seen["ln"].Matmul(w["head"])
		seen["softmax"] = seen["matmul"].Softmax(1)
		seen["entropy"] = seen["softmax"].Mul(seen["softmax"].Log()).Sum()
		seen["loss"] = seen["matmul"].CrossEntropy(fixture["target"]).Add(seen["entropy"])
	})
	seen["loss"].Backward()
	for name, p := range params {
		seen["grad."+name] = p.Grad()
	}
	return seen, params
}

// compareAutocast checks the three cases against a file of make_autocast.py.
func compareAutocast(t *testing.T, path string, same func(t *testing.T, name string, got, want *torch.Tensor)) {
	fixture := torchtest.Fixture(t, path)
	for name, dtype := range map[string]torch.DType{"bfloat16": torch.BFloat16, "float16": torch.Float16, "nested": torch.BFloat16} {
		t.Run(name, func(t *testing.T) {
			s := torch.NewScope()
			defer s.Close()
			got, _ := autocastNet(s, fixture, dtype, name == "nested")
			want := torchtest.Group(fixture, name)
			if len(want) != len(got) || len(want) != 18 {
				t.Errorf("%d results, the fixture has %d", len(got), len(want))
			}
			for key, w := range want {
				if got[key].DType() != w.DType() {
					t.Errorf("%s is %v, want %v", key, got[key].DType(), w.DType())
				}
				t.Run(key, func(t *testing.T) { same(t, key, got[key], w) })
			}
		})
	}
}

// Values of other processors differ in the last digit of bfloat16, which is
// 2⁻⁸ of the value, or of the largest summand where summands cancel.
func TestAutocastAgainstPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	compareAutocast(t, autocastFile, func(t *testing.T, name string, got, want *torch.Tensor) {
		s := torch.NewScope()
		defer s.Close()
		largest := s.Use(want).ToDType(torch.Float32).Abs().Amax(nil, false).Item()
		torchtest.AllClose(t, got, want, 1./128, largest/256)
	})
}

// The same library on the same processor gives the same bits.
func TestAutocastIsPyTorchsBitForBit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "autocast.safetensors")
	python.Run(t, autocastScript, path)
	compareAutocast(t, path, func(t *testing.T, name string, got, want *torch.Tensor) {
		if !got.Equal(want) {
			t.Errorf("%s differs from PyTorch's", name)
		}
	})
}

func autocastState() (torch.DType, bool) { return torch.AutocastDType(torch.CPUType) }

// Each level sets its own dtype and gives back what was before, also after a
// panic, and nothing is left behind.
func TestAutocastNesting(t *testing.T) {
	expect := func(where string, dtype torch.DType, on bool) {
		t.Helper()
		if d, e := autocastState(); e != on || on && d != dtype {
			t.Errorf("%s: %v %v, want %v %v", where, d, e, dtype, on)
		}
	}
	defer torch.LockThread()()
	expect("outside", 0, false)
	torch.Autocast(torch.CPUType, torch.BFloat16, func() {
		expect("inside", torch.BFloat16, true)
		torch.Autocast(torch.CPUType, torch.Float16, func() { expect("deeper", torch.Float16, true) })
		expect("back", torch.BFloat16, true)
		torch.NoAutocast(torch.CPUType, func() {
			expect("off", 0, false)
			torch.Autocast(torch.CPUType, torch.Float16, func() { expect("on again", torch.Float16, true) })
			expect("off again", 0, false)
		})
		err := torch.Try(func() {
			torch.NoAutocast(torch.CPUType, func() { panic(&torch.Error{Op: "test"}) })
		})
		if err == nil {
			t.Error("the panic was lost")
		}
		expect("after a panic", torch.BFloat16, true)
	})
	expect("outside again", 0, false)
	if d, _ := autocastState(); d != torch.BFloat16 {
		t.Errorf("the dtype of autocast on the CPU is left at %v", d)
	}
}

// A goroutine started inside computes in what its operands have.
func TestAutocastIsOfTheThread(t *testing.T) {
	torch.Autocast(torch.CPUType, torch.BFloat16, func() {
		on := make(chan bool)
		go func() {
			_, enabled := autocastState()
			on <- enabled
		}()
		if <-on {
			t.Error("a goroutine inherited Autocast")
		}
	})
}

// The cast of a parameter that requires grad is made once for each outermost
// Autocast, so a change inside goes unseen, and one between two is seen.
func TestAutocastCache(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := s.Ones([]int{1, 1}, torch.Float32, torch.CPU)
	w := s.Ones([]int{1, 1}, torch.Float32, torch.CPU).RequireGrad(true)
	product := func() float64 { return x.Mm(w).Item() }
	change := func() {
		torch.NoGrad(func() { w.AddScalarInPlace(1) })
	}
	torch.Autocast(torch.CPUType, torch.BFloat16, func() {
		if got := product(); got != 1 {
			t.Errorf("the product is %v, want 1", got)
		}
		change()
		torch.Autocast(torch.CPUType, torch.BFloat16, func() {})
		if got := product(); got != 1 {
			t.Errorf("the product is %v, want that of the cast that was kept", got)
		}
		torch.NoAutocastCache(func() {
			if got := product(); got != 2 {
				t.Errorf("the product without the cache is %v, want 2", got)
			}
		})
	})
	torch.Autocast(torch.CPUType, torch.BFloat16, func() {
		if got := product(); got != 2 {
			t.Errorf("the product of the second Autocast is %v, want 2", got)
		}
	})
}

func TestAutocastRefuses(t *testing.T) {
	for _, dtype := range []torch.DType{torch.Float32, torch.Float64, torch.Int64} {
		err := torch.Try(func() { torch.Autocast(torch.CPUType, dtype, func() { t.Error("fn ran") }) })
		if err == nil || !strings.Contains(err.Error(), dtype.String()) {
			t.Errorf("%v: %v", dtype, err)
		}
	}
}
