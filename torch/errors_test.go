package torch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

func TestErrors(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	ones := func(shape ...int) *torch.Tensor { return s.Ones(shape, torch.Float32, torch.CPU) }
	a, ints := ones(2, 3), torch.FromSlice(s, []int64{0, 1, 9})
	for _, c := range []struct {
		kind  torch.Kind
		fn    func()
		parts []string
	}{
		{torch.Runtime, func() { a.Mm(ones(4, 5)) }, []string{"mm(float32[2, 3], float32[4, 5])", "2x3 and 4x5"}},
		{torch.Runtime, func() { a.Add(ones(2)) }, []string{"add(float32[2, 3], float32[2])"}},
		{torch.Runtime, func() { a.AddInPlace(ones(4, 2, 3), 1) }, []string{"add_("}},
		{torch.Value, func() { torch.Cat(nil, 0) }, []string{"cat"}},
		{torch.Runtime, func() { torch.Cat([]*torch.Tensor{a, ones(2, 2)}, 0) }, []string{"cat(float32[2, 3], float32[2, 2])"}},
		{torch.Runtime, func() { a.Conv2d(ones(1, 1, 3, 3), nil, nil, nil, nil, 1) }, []string{"conv2d(float32[2, 3], float32[1, 1, 3, 3])"}},
		{torch.Runtime, func() { a.Reshape([]int{5}) }, []string{"reshape(float32[2, 3])"}},
		{torch.Runtime, func() { a.Item() }, []string{"Item(float32[2, 3])"}},
		{torch.Runtime, func() { a.SetGrad(ones(3)) }, []string{"set_grad(float32[2, 3], float32[3])", "[3]"}},
		{torch.Runtime, func() { a.SetGrad(a.ToDType(torch.Float64)) }, []string{"set_grad", "Double"}},
		{torch.Runtime, func() { a.SetGrad(a) }, []string{"set_grad", "its own"}},
		{torch.Runtime, func() { ints.RequireGrad(true) }, []string{"requires_grad_(int64[3])"}},
		{torch.Runtime, func() { ints.Mean() }, []string{"mean(int64[3])"}},
		{torch.Index, func() { a.Softmax(2) }, []string{"softmax(float32[2, 3])"}},
		{torch.Index, func() { a.Size(2) }, []string{"Size(float32[2, 3])", "no dimension 2"}},
		{torch.Index, func() { a.Size(-3) }, []string{"no dimension -3"}},
		{torch.Index, func() { a.Index(ints) }, []string{"Index", "9"}},
		{torch.Index, func() { ones(3, 2).CrossEntropy(ints) }, []string{"cross_entropy_loss(float32[3, 2], int64[3])", "9"}},
		{torch.Memory, func() { s.Empty([]int{1 << 45}, torch.Float32, torch.CPU) }, []string{"empty: out of memory: the host has no"}},
		{torch.Runtime, func() { a.Where(a, a) }, []string{"where", "boolean"}},
		{torch.NotImplemented, func() { bools := s.Ones([]int{2, 2}, torch.Bool, torch.CPU); bools.Mm(bools) }, []string{"mm(bool[2, 2], bool[2, 2])"}},
		{torch.Value, func() { torch.FromSlice(s, []float32{1, 2, 3}, 2, 2) }, []string{"FromSlice", "3 elements", "[2 2]"}},
		{torch.Value, func() { torch.FromSlice(s, []float32{1}, -1) }, []string{"[-1]"}},
		{torch.Value, func() { torch.FromSlice(s, []float32{}, 1<<40, 1<<40) }, []string{"does not fill"}},
		{torch.Value, func() { torch.CopyFromSlice(a, []float32{1}) }, []string{"CopyFromSlice(float32[2, 3])", "1 elements, the tensor 6"}},
		{torch.Value, func() { torch.CopyFromSlice(a, make([]float64, 6)) }, []string{"float64"}},
		{torch.Value, func() { torch.Data[float32](a.T()) }, []string{"contiguous"}},
		{torch.Value, func() { torch.Data[int64](a) }, []string{"the slice holds int64"}},
		{torch.Value, func() { a.Backward() }, []string{"backward(float32[2, 3])", "requires grad"}},
		{torch.Value, func() { torch.AdamStep([]*torch.Tensor{a}, nil, nil, nil, torch.AdamArgs{}) }, []string{"adam_step"}},
		{torch.Value, func() { torch.FromHandle(s, nil) }, []string{"FromHandle"}},
		{torch.Value, func() { torch.DType(99).Size() }, []string{"dtype(99)"}},
		{torch.Value, func() { s.Ones([]int{1}, torch.DType(77), torch.CPU) }, []string{"full", "no dtype 77"}},
		{torch.Value, func() { s.EmptyFormat([]int{1}, torch.Float32, torch.CPU, 9) }, []string{"no memory format 9"}},
		{torch.Value, func() { a.ToDType(-120) }, []string{"no dtype -120"}},
		{torch.Value, func() { s.Linspace(0, 1, 2, 99, torch.CPU) }, []string{"linspace", "no dtype 99"}},
		{torch.NoDevice, func() { s.Ones([]int{1}, torch.Float32, torch.Device{Type: 9}) }, []string{"no device of type 9"}},
		{torch.Value, func() { (*torch.Generator)(nil).Normal(a, 0, 1) }, []string{"normal_", "the generator is nil"}},
		{torch.Value, func() { (*torch.Generator)(nil).Rand(s, []int{1}, torch.Float32) }, []string{"the generator is nil"}},
		{torch.Value, func() { ones(1).RequireGrad(true).RegisterHook(nil) }, []string{"register_hook", "the hook is nil"}},
		{torch.Value, func() { ones(1).RequireGrad(true).RegisterPostAccumulateGradHook(nil) }, []string{"the hook is nil"}},
		{torch.Runtime, func() { torch.SetNumThreads(0) }, []string{"set_num_threads"}},
	} {
		e := mustFail(t, c.kind, c.fn, c.parts...)
		if e != nil && (strings.ContainsAny(e.Msg, "\n") || strings.Contains(e.Error(), ".cpp")) {
			t.Errorf("more than a sentence: %q", e)
		}
	}
}

func TestTry(t *testing.T) {
	if err := torch.Try(func() {}); err != nil {
		t.Errorf("error %v of nothing", err)
	}
	other := errors.New("something else")
	for _, v := range []any{other, "text", 7} {
		func() {
			defer func() {
				if r := recover(); r != v {
					t.Errorf("recovered %v, want %v", r, v)
				}
			}()
			err := torch.Try(func() { panic(v) })
			t.Errorf("Try swallowed the panic %v and returned %v", v, err)
		}()
	}
	cause := errors.New("cause")
	err := torch.Try(func() { panic(&torch.Error{Op: "op", Err: cause}) })
	if !errors.Is(err, cause) {
		t.Errorf("%v does not wrap its cause", err)
	}
}

func TestKindString(t *testing.T) {
	kinds := []torch.Kind{torch.Runtime, torch.Memory, torch.Index, torch.NotImplemented, torch.Value, torch.Closed, torch.NoLibrary, 55}
	if got := fmt.Sprint(kinds); got != "[runtime out of memory index not implemented value closed no library kind 55]" {
		t.Error(got)
	}
}
