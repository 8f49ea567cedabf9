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

// Two views that are the same, of one dimension that is there twice: each agrees with
// itself, and each tells all of the other.
func ExampleCrossCorrelation() {
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{-100, -100, 0, 0, 100, 100}, 3, 2)
	diagonal, redundancy := ssl.CrossCorrelation(x, x)
	fmt.Printf("%.3f %.3f\n", diagonal.Item(), redundancy.Item())
	// Output:
	// 0.000 2.000
}
