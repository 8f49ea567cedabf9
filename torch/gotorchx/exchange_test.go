package gotorchx_test

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/wangkuiyi/gotorch"

	"sslmem/torch"
	"sslmem/torch/gotorchx"
	"sslmem/torch/torchtest"
)

// elements reads a float32 gotorch tensor of any shape, with gotorch alone.
func elements(x gotorch.Tensor) []float32 {
	flat := gotorch.Flatten(x, 0, -1)
	out := make([]float32, flat.Shape()[0])
	for i := range out {
		out[i] = flat.Index(int64(i)).Item().(float32)
	}
	runtime.KeepAlive(x.T)
	runtime.KeepAlive(flat.T)
	return out
}

func TestFromGotorchShares(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	theirs := gotorch.NewTensor([][]float32{{1, 2, 3}, {4, 5, 6}})
	ours := gotorchx.FromGotorch(s, theirs)
	if got := ours.Shape(); !slices.Equal(got, []int{2, 3}) || ours.DType() != torch.Float32 || ours.Scope() != s {
		t.Errorf("shape %v, dtype %v, scope %v", got, ours.DType(), ours.Scope())
	}
	ours.MulScalarInPlace(2)
	if got, want := elements(theirs), []float32{2, 4, 6, 8, 10, 12}; !slices.Equal(got, want) {
		t.Errorf("gotorch reads %v after our write, want %v", got, want)
	}
	theirs.AddI(gotorch.Full([]int64{2, 3}, 1, false), 10)
	if got, want := torch.ToSlice[float32](ours), []float32{12, 14, 16, 18, 20, 22}; !slices.Equal(got, want) {
		t.Errorf("we read %v after gotorch's write, want %v", got, want)
	}
	runtime.KeepAlive(theirs.T)
}

func TestToGotorchShares(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	ours := torch.FromSlice(s, []float32{1, 2, 3, 4}, 2, 2)
	theirs := gotorchx.ToGotorch(ours)
	if got := theirs.Shape(); !slices.Equal(got, []int64{2, 2}) {
		t.Errorf("gotorch's shape is %v", got)
	}
	torch.Data[float32](ours)[3] = -4
	if got, want := elements(theirs), []float32{1, 2, 3, -4}; !slices.Equal(got, want) {
		t.Errorf("gotorch reads %v after our write, want %v", got, want)
	}
	theirs.MulI(theirs)
	if got, want := torch.ToSlice[float32](ours), []float32{1, 4, 9, 16}; !slices.Equal(got, want) {
		t.Errorf("we read %v after gotorch's write, want %v", got, want)
	}
	runtime.KeepAlive(theirs.T)
}

// The graph is ours, then gotorch's, then ours: z = x² w, loss = Σ z², for x of
// shape [2, 3] and w of shape [3, 1]. So ∂loss/∂x_ij = 4 z_i w_j x_ij and
// ∂loss/∂w_j = 2 Σ_i z_i x_ij².
func TestBackwardThroughBoth(t *testing.T) {
	values := [2][3]float64{{1, 2, -1}, {.5, -3, 2}}
	weights := [3]float64{.5, -1, 2}
	var wantX, wantW []float64
	wantW = make([]float64, 3)
	for _, row := range values {
		var z float64
		for j, x := range row {
			z += x * x * weights[j]
		}
		for j, x := range row {
			wantX = append(wantX, 4*z*weights[j]*x)
			wantW[j] += 2 * z * x * x
		}
	}
	for _, side := range []string{"here", "in gotorch"} {
		t.Run("Backward called "+side, func(t *testing.T) {
			torchtest.NoLeak(t)
			s := torch.NewScope()
			defer s.Close()
			x := torch.FromSlice(s, slices.Concat(values[0][:], values[1][:]), 2, 3).RequireGrad(true)
			w := gotorch.NewTensor([][]float64{{weights[0]}, {weights[1]}, {weights[2]}})
			gotorchx.FromGotorch(s, w).RequireGrad(true)

			squares := gotorchx.ToGotorch(x.Mul(x))
			product := gotorch.MM(squares, w)
			runtime.KeepAlive(squares.T)
			z := gotorchx.FromGotorch(s, product)
			loss := z.Mul(z).Sum()
			if side == "here" {
				loss.Backward()
			} else {
				theirs := gotorchx.ToGotorch(loss)
				theirs.Backward()
				runtime.KeepAlive(theirs.T)
			}
			torchtest.Close(t, torch.ToSlice[float64](x.Grad()), wantX, []int{2, 3}, 1e-12, 0)
			gradient := gotorchx.FromGotorch(s, w.Grad())
			torchtest.Close(t, torch.ToSlice[float64](gradient), wantW, []int{3, 1}, 1e-12, 0)
			runtime.KeepAlive(w.T)
		})
	}
}

func TestEachNameKeepsTheTensor(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	theirs := gotorchx.ToGotorch(torch.FromSlice(s, []float32{1, 2, 3}))
	s.Close()
	if got := torch.Live(); got == 0 {
		t.Error("the handle that gotorch holds does not count as living")
	}
	if got, want := elements(theirs), []float32{1, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("gotorch reads %v after our scope was closed, want %v", got, want)
	}

	s = torch.NewScope()
	defer s.Close()
	ours := gotorchx.FromGotorch(s, gotorch.NewTensor([]float32{4, 5, 6}))
	runtime.GC()
	runtime.GC()
	if got, want := torch.ToSlice[float32](ours), []float32{4, 5, 6}; !slices.Equal(got, want) {
		t.Errorf("we read %v after gotorch's tensor was collected, want %v", got, want)
	}
}

// A tensor that ToGotorch made between two calls of gotorch.GC does not block
// the second one while it is held.
func TestHeldOverGC(t *testing.T) {
	torchtest.NoLeak(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s := torch.NewScope()
	defer s.Close()
	gotorch.GC()
	theirs := gotorchx.ToGotorch(torch.FromSlice(s, []float32{7}))
	gotorch.FinishGC()
	if got := elements(theirs); !slices.Equal(got, []float32{7}) {
		t.Errorf("gotorch reads %v", got)
	}
}

func TestNothingToShare(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := gotorch.NewTensor([]float32{1})
	closed := torch.NewScope()
	gone := torch.FromSlice(closed, []float32{1})
	closed.Close()
	for name, fn := range map[string]func(){
		"an absent tensor":      func() { gotorchx.FromGotorch(s, gotorch.Tensor{}) },
		"a gradient not there":  func() { gotorchx.FromGotorch(s, x.Grad()) },
		"a tensor of ours gone": func() { gotorchx.ToGotorch(gone) },
		"a scope that is gone":  func() { gotorchx.FromGotorch(closed, x) },
	} {
		var e *torch.Error
		if err := torch.Try(fn); !errors.As(err, &e) {
			t.Errorf("%s: error %v, want a *torch.Error", name, err)
		}
	}
	if g := gotorchx.FromGotorch(s, x).Grad(); g != nil {
		t.Errorf("Grad is %v, want nil", g)
	}
	runtime.KeepAlive(x.T)
}

// Two libtorches in one process would make all of the above undefined.
func TestOneLibtorch(t *testing.T) {
	if err := torch.Init(); err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	inodes := map[string]bool{}
	for line := range strings.Lines(string(maps)) {
		// address, permissions, offset, device, inode, path
		if f := strings.Fields(line); strings.HasSuffix(f[len(f)-1], "/libtorch_cpu.so") {
			inodes[f[3]+" "+f[4]] = true
		}
	}
	if len(inodes) != 1 {
		t.Errorf("%d files of libtorch_cpu.so are mapped, want 1", len(inodes))
	}
}
