package ssl

import "sslmem/torch"

// offDiagonal returns the sum of the squares of all elements beside the diagonal of
// xᵀ·y [D, D] for x and y [N, D] in full precision, also under autocast.
//
// With fewer rows than columns that matrix is never made, which saves most of the
// time and memory: the sum of the squares of all elements is that of the products of
// x·xᵀ and y·yᵀ [N, N], and those on the diagonal go off it.
func offDiagonal(x, y *torch.Tensor) (sum *torch.Tensor) {
	torch.NoAutocast(x.Device().Type, func() {
		if n, d := x.Size(0), x.Size(1); n >= d {
			c := x.T().Mm(y).Reshape([]int{-1})
			// Without the last element, rows of D + 1 begin with those on the diagonal.
			sum = c.Narrow(0, 0, d*d-1).Reshape([]int{d - 1, d + 1}).Narrow(1, 1, d).Square().Sum()
			return
		}
		xx := x.Mm(x.T())
		yy := xx
		if y != x {
			yy = y.Mm(y.T())
		}
		sum = xx.Mul(yy).Sum().Sub(x.Mul(y).SumDim([]int{0}, false).Square().Sum())
	})
	return sum
}
