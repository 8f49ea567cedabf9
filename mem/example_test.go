package mem_test

import (
	"fmt"
	"log"
	"math"
	"os"

	"sslmem/mem"
)

// Three views of one image whose features point in three directions of a
// plane, 120° apart: every two of them are √3 from each other.
func ExampleAllPairs() {
	h := math.Sqrt(3) / 2
	views := [][]float64{{2, 0}, {-0.5, h}, {-5, -10 * h}}
	fmt.Printf("%.4f\n", mem.AllPairs(views, mem.L2))
	fmt.Printf("%.4f\n", mem.AllPairs(views, mem.Angular))
	// Output:
	// 1.7321
	// 0.6667
}

func ExampleSet_Describe() {
	for _, s := range mem.Sets() {
		fmt.Println(s, s.Describe())
	}
	// Output:
	// S_S seen by f and g
	// S_C seen by f only
	// S_I seen by g only
	// S_E seen by neither
}

func ExampleScores_M() {
	s := mem.NewScores([mem.NumSets][]int{
		mem.Shared:      {0},
		mem.Candidate:   {1},
		mem.Independent: {2},
		mem.External:    {3},
	}, nil)
	err := s.AddPair(mem.PairLoss{
		Seed: 1,
		F:    []float64{0.30, 0.20, 0.60, 0.40},
		G:    []float64{0.30, 0.60, 0.20, 0.50},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range mem.Normalisations() {
		fmt.Printf("%-5s %+.3f\n", n, s.M(n))
	}
	// Output:
	// raw   [+0.000 +0.400 -0.400 +0.100]
	// range [+0.000 +0.500 -0.500 +0.125]
	// ratio [+0.000 +0.500 -0.500 +0.111]
}

func ExampleFractionAbove() {
	curve := mem.FractionAbove([]float64{-0.1, 0, 0.2, 0.3})
	fmt.Println(curve(0), curve(0.25))
	// Output:
	// 0.5 0.25
}

// waves are losses without any chance in them: points differ by a wave, and f
// aligns the images that only it saw better by .05 (g likewise).
func waves() *mem.Scores {
	var members [mem.NumSets][]int
	for i := range 200 {
		members[i%mem.NumSets] = append(members[i%mem.NumSets], i)
	}
	s := mem.NewScores(members, nil)
	for pair := range 2 {
		p := mem.PairLoss{Seed: uint64(pair)}
		for i, set := range s.Set {
			wave := 0.05 * math.Sin(float64(i*(pair+7)))
			f, g := 0.5, 0.5+wave
			switch set {
			case mem.Candidate:
				g += 0.05
			case mem.Independent:
				f += 0.05
			}
			p.F, p.G = append(p.F, f), append(p.G, g)
			for h := range 2 {
				ripple := 0.01 * math.Cos(float64(i*(5+h)))
				p.FHalf[h], p.GHalf[h] = append(p.FHalf[h], f), append(p.GHalf[h], g+ripple)
			}
		}
		if err := s.AddPair(p); err != nil {
			log.Fatal(err)
		}
	}
	return s
}

func ExampleSummary_WriteText() {
	summary, err := mem.Summarize(waves(), mem.Raw)
	if err != nil {
		log.Fatal(err)
	}
	if err := summary.WriteText(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// SSLMem scores m = L_g − L_f, normalisation raw: 200 points, 2 f/g pairs (seeds 0, 1)
	//
	//   set                         n   mean m             95 % CI      SD   median  mean − S_E   m > τ  reliability
	//   S_S       seen by f and g  50  +0.0016  [-0.0054, +0.0086]  0.0247  +0.0008     +0.0005   2.0 %         0.96
	//   S_C       seen by f only   50  +0.0495  [+0.0423, +0.0568]  0.0255  +0.0496     +0.0484  60.0 %         0.96
	//   S_I       seen by g only   50  -0.0512  [-0.0583, -0.0440]  0.0252  -0.0509     -0.0523   0.0 %         0.96
	//   S_E       seen by neither  50  +0.0011  [-0.0060, +0.0083]  0.0250  +0.0009     +0.0000   6.0 %         0.96
	// τ = +0.0449, the 95th percentile of m on S_E
	//
	//   contrast                   difference             95 % CI  Welch t    df  p one-sided  p two-sided      d  pairs
	//   S_C > S_S                     +0.0479  [+0.0379, +0.0579]    +9.55  97.9      5.9e-16      1.2e-15  +1.91    2/2
	//   S_C > S_E                     +0.0484  [+0.0384, +0.0584]    +9.58  98.0        5e-16        1e-15  +1.92    2/2
	//   S_C > S_I                     +0.1007  [+0.0906, +0.1108]   +19.86  98.0        2e-36        4e-36  +3.97    2/2
	//   S_I < S_S                     -0.0528  [-0.0627, -0.0429]   -10.59  98.0      3.2e-18      6.4e-18  -2.12    2/2
	//
	// f memorizes the images only it saw: mean m(S_C) is significantly higher than mean m(S_S) and mean
	// m(S_E).
	// - Mean m(S_C) = +0.0495 is 0.0479 higher than mean m(S_S) = +0.0016, 95 % CI of the difference
	//   [+0.0379, +0.0579], one-sided Welch p = 5.9e-16, d = +1.91, n = 50 and 50, 2 f/g pairs (higher in
	//   2 of them).
	// - Mean m(S_C) = +0.0495 is 0.0484 higher than mean m(S_E) = +0.0011, 95 % CI of the difference
	//   [+0.0384, +0.0584], one-sided Welch p = 5e-16, d = +1.92, n = 50 and 50, 2 f/g pairs (higher in 2
	//   of them).
	// - Mean m(S_C) = +0.0495 is 0.1007 higher than mean m(S_I) = -0.0512, 95 % CI of the difference
	//   [+0.0906, +0.1108], one-sided Welch p = 2e-36, d = +3.97, n = 50 and 50, 2 f/g pairs (higher in 2
	//   of them).
	// - Mean m(S_I) = -0.0512 is 0.0528 lower than mean m(S_S) = +0.0016, 95 % CI of the difference
	//   [-0.0627, -0.0429], one-sided Welch p = 3.2e-18, d = -2.12, n = 50 and 50, 2 f/g pairs (lower in 2
	//   of them).
}

func ExampleWelch() {
	c := mem.Welch([]float64{3, 4, 5, 6}, []float64{1, 2, 4}, mem.Greater)
	fmt.Printf("difference %.2f, t = %.2f, df = %.1f, %s, d = %.2f\n", c.Difference, c.T, c.DF, mem.FormatP(c.POneSided), c.D)
	// Output:
	// difference 2.17, t = 1.98, df = 4.0, p = 0.06, d = 1.56
}

func ExampleScores_WriteCSV() {
	s := mem.NewScores([mem.NumSets][]int{mem.Shared: {12}, mem.Candidate: {7}}, nil)
	if err := s.AddPair(mem.PairLoss{Seed: 3, F: []float64{0.5, 0.25}, G: []float64{0.5, 0.75}}); err != nil {
		log.Fatal(err)
	}
	if err := s.WriteCSV(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// index,set,label,m,l_f,l_g,m_pair_0,seed_pair_0,l_f_pair_0,l_g_pair_0
	// 12,S_S,,0,0.5,0.5,0,3,0.5,0.5
	// 7,S_C,,0.5,0.25,0.75,0.5,3,0.25,0.75
}
