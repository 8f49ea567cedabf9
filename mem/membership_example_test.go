package mem_test

import (
	"fmt"
	"math"

	"sslmem/mem"
)

// Of four pairs of a member and another point three are in the right order, and one
// has equal scores.
func ExampleAUC() {
	fmt.Println(mem.AUC([]float64{3, 2}, []float64{1, 2}))
	// Output:
	// 0.875
}

// Encoders that find the views of what they saw a little more alike.
func ExampleInferMembership() {
	see := func(set mem.Set, saw bool) mem.ViewSimilarities {
		var v mem.ViewSimilarities
		for i := range 100 {
			cos := .8 + .1*math.Sin(float64(7*i+int(set)))
			if saw {
				cos += .15
			}
			v.Cosine, v.Loss = append(v.Cosine, []float64{cos}), append(v.Loss, 1-cos)
		}
		return v
	}
	var p mem.MembershipPair
	for _, set := range []mem.Set{mem.Candidate, mem.Independent} {
		p.F[set], p.G[set] = see(set, set == mem.Candidate), see(set, set == mem.Independent)
		for i := range 100 {
			p.Index[set] = append(p.Index[set], 100*int(set)+i)
		}
	}
	r, err := mem.InferMembership([]mem.MembershipPair{p}, mem.MembershipOptions{Against: mem.Independent})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range r.Attacks {
		fmt.Printf("%-6s accuracy %.2f, AUC %.2f\n", a.Attack, a.Accuracy.Value, a.AUC.Value)
	}
	// Output:
	// mean   accuracy 0.83, AUC 0.91
	// vector accuracy 0.77, AUC 0.91
	// loss   accuracy 0.83, AUC 0.91
	// m      accuracy 1.00, AUC 1.00
}
