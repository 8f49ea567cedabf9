package mem_test

import (
	"fmt"
	"log"

	"sslmem/mem"
)

// Two samples of four: of the 70 ways to divide the values, only this one and its
// mirror image have means so far apart.
func ExamplePermutation() {
	p := mem.Permutation([]float64{5, 6, 7, 8}, []float64{1, 2, 3, 4}, mem.Greater, 9999, 1)
	fmt.Printf("%s, exact: %v of %d\n", mem.FormatP(p.POneSided), p.Exact, p.Partitions)
	// Output:
	// p = 0.014, exact: true of 70
}

func ExampleEffect() {
	e := mem.Effect([]float64{3, 4, 5, 6}, []float64{1, 2, 4})
	fmt.Printf("d = %.2f %s, g = %.2f\n", e.CohensD, e.CohensDCI.Format(2), e.HedgesG)
	// Output:
	// d = 1.56 [-0.26, +3.27], g = 1.31
}

// Two seeds order eight points nearly alike.
func ExampleAgree() {
	first := []float64{.1, .2, .3, .4, .5, .6, .7, .8}
	second := []float64{.2, .1, .3, .4, .5, .6, .8, .7}
	a, err := mem.Agree(first, second, 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ρ = %.3f, τ = %.3f\n", a.Spearman.R, a.Kendall.R)
	top := a.Overlaps[0]
	fmt.Printf("%d of the top %d in common, by chance %.2f of them, %s\n", top.Count, top.K, top.Chance, mem.FormatP(top.P))
	// Output:
	// ρ = 0.952, τ = 0.857
	// 2 of the top 2 in common, by chance 0.25 of them, p = 0.036
}
