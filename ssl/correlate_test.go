package ssl

import (
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// With more rows than columns and with fewer, the sum is what it says; also under
// autocast, to the bit.
func TestOffDiagonal(t *testing.T) {
	for _, shape := range [][]int{{7, 3}, {4, 4}, {3, 7}, {2, 1}, {1, 2}} {
		s := torch.NewScope()
		g := torch.NewGenerator(5, torch.CPU)
		x, y := g.Randn(s, shape, torch.Float32), g.Randn(s, shape, torch.Float32)
		n, d := shape[0], shape[1]
		for name, pair := range map[string][2]*torch.Tensor{"two": {x, y}, "one": {x, x}} {
			a, b := torch.ToSlice[float32](pair[0]), torch.ToSlice[float32](pair[1])
			var want float64
			for i := range d {
				for j := range d {
					if i == j {
						continue
					}
					var c float64
					for k := range n {
						c += float64(a[k*d+i]) * float64(b[k*d+j])
					}
					want += c * c
				}
			}
			got := offDiagonal(pair[0], pair[1]).Item()
			torchtest.Close(t, []float64{got}, []float64{want}, nil, 1e-5, 1e-5)
			torch.Autocast(torch.CPUType, torch.BFloat16, func() {
				if half := offDiagonal(pair[0], pair[1]).Item(); half != got {
					t.Errorf("%v, %s: %v under autocast, %v without", shape, name, half, got)
				}
			})
		}
		s.Close()
	}
}
