package torch_test

import (
	"fmt"
	"math"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

func TestString(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		x    *torch.Tensor
		want string
	}{
		{vector(s, 1, 2.5, -3), "[ 1.0000,  2.5000, -3.0000]"},
		{vector(s, 1, 20, -3), "[ 1., 20., -3.]"},
		{vector(s, 0, 0), "[0., 0.]"},
		{vector(s, 1e-6, 1), "[1.0000e-06, 1.0000e+00]"},
		{vector(s, 2e8), "[2.0000e+08]"},
		{vector(s, inf, -inf, float32(math.NaN()), 0.5), "[   inf,   -inf,    nan, 0.5000]"},
		{torch.Scalar(s, float32(0.12345)), "0.1235"},
		{torch.Scalar(s, int64(-7)), "-7 int64"},
		{torch.FromSlice(s, []bool{true, false}), "[ true, false] bool"},
		{torch.FromSlice(s, []float64{1, 2, 3, 4}, 2, 2), "[[1., 2.],\n [3., 4.]] float64"},
		{vector(s, 1, 2).ToDType(torch.BFloat16), "[1., 2.] bfloat16"},
		{vector(s, 1, 2, 3, 4).Reshape([]int{2, 1, 2}), "[[[1., 2.]],\n\n [[3., 4.]]]"},
		{s.Arange(0, 6, 1, torch.Int32, torch.CPU), "[0, 1, 2, 3, 4, 5] int32"},
		{s.Arange(0, 700, 1, torch.Int64, torch.CPU), "[  0,   1,   2, ..., 697, 698, 699] int64"},
		{s.Arange(0, 8, 1, torch.Int64, torch.CPU).Reshape([]int{8, 1}), "[[0],\n [1],\n [2],\n ...,\n [5],\n [6],\n [7]] int64"},
		{s.Zeros([]int{0, 3}, torch.Float32, torch.CPU), "[] of shape [0, 3]"},
		{torch.FromSlice(s, []int64{math.MaxInt64}), "[9223372036854775807] int64"},
		{torch.FromSlice(s, []uint64{math.MaxUint64}), "[18446744073709551615] uint64"},
		{torch.FromSlice(s, []complex64{1 - 2.5i, 3}), "[1.0000-2.5000j, 3.0000+0.0000j] complex64"},
		{torch.FromSlice(s, []complex128{1i, complex(-1, math.Inf(1))}), "[  0.+1.j, -1.+infj] complex128"},
		{s.Zeros([]int{9}, torch.Float8E5M2, torch.CPU), "[0., 0., 0., ..., 0., 0., 0.] float8_e5m2"},
		{nil, "<nil>"},
	} {
		if got := fmt.Sprint(c.x); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
	w := vector(s, 1, 2).RequireGrad(true)
	if w.String() != "[1., 2.]" || w.Exp().String() != "[2.7183, 7.3891]" {
		t.Errorf("%v, %v", w, w.Exp())
	}
	x := vector(s, 1)
	x.Free()
	if x.String() != "<closed>" {
		t.Error(x)
	}
}
