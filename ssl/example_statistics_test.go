package ssl_test

import (
	"fmt"

	"sslmem/ssl"
	"sslmem/torch"
)

// Rows that are all equal have no variance at all: the hinge is 1 − √.0001.
func ExampleVarianceHinge() {
	s := torch.NewScope()
	defer s.Close()
	fmt.Printf("%.4f\n", ssl.VarianceHinge(s.Ones([]int{4, 16}, torch.Float64, torch.CPU)).Item())
	// Output:
	// 0.9900
}

// The second dimension is the first, twice as large: their covariance is 2, counted
// from both sides and divided by the number of dimensions.
func ExampleCovariancePenalty() {
	s := torch.NewScope()
	defer s.Close()
	z := torch.FromSlice(s, []float64{-1, -2, 0, 0, 1, 2}, 3, 2)
	fmt.Println(ssl.CovariancePenalty(z).Item())
	// Output:
	// 4
}
