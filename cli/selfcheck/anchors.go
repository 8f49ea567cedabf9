package selfcheck

import (
	"context"
	"math"
	"strings"

	"sslmem/data/augment"
	"sslmem/mem"
	"sslmem/models"
	"sslmem/ssl"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// anchors compares what functions give with values that are known.
func anchors(context.Context, *Lab) ([]Row, error) {
	s := torch.NewScope()
	defer s.Close()
	var rows []Row
	anchor := func(what string, got, want float64) {
		r := exact(what, got-want, 1e-12, 1, "value")
		rows = append(rows, r)
	}
	for _, unit := range []struct {
		what string
		mu   []float64
		want float64
	}{
		{"UnitMem of activations 1 0 0 0 is 1", []float64{1, 0, 0, 0}, 1},
		{"UnitMem of activations 1 1 1 1 is 0", []float64{1, 1, 1, 1}, 0},
		{"UnitMem of activations 3 1 1 1 is ½", []float64{3, 1, 1, 1}, .5},
	} {
		got, _, _ := mem.UnitMemOf(unit.mu)
		anchor(unit.what, float64(got), unit.want)
	}
	scores := mem.NewScores([mem.NumSets][]int{mem.Candidate: {0}}, nil)
	if err := scores.AddPair(mem.PairLoss{F: []float64{.2}, G: []float64{.6}}); err != nil {
		return nil, err
	}
	anchor("(L_g − L_f)/(L_g + L_f) of .6 and .2 is ½", scores.M(mem.Ratio)[0], .5)
	dejaVu, err := knownDejaVu()
	if err != nil {
		return nil, err
	}
	anchor("déjà vu score of target .6 and reference .4 is .2", dejaVu, .2)
	anchor("entropy of 100 votes for one class is 0", mem.Entropy([]float64{0, 100, 0}), 0)

	const b, k = 5, 17
	anchor("NT-Xent of B = 5 equal pairs is ln(2B − 1)", ssl.NTXent(s.Ones([]int{2 * b, 3}, torch.Float64, torch.CPU), .5).Item(), math.Log(2*b-1))
	uniform := func(views int) *torch.Tensor { return s.Full([]int{views, k}, .3, torch.Float64, torch.CPU) }
	anchor("DINO's loss of uniform student and teacher of K = 17 is ln K", ssl.DINOLoss(uniform(4), uniform(2), nil, 1, .1, .04).Item(), math.Log(k))
	mask := augment.Mask{Patch: 2, Ratio: .75}
	anchor("a mask of ¾ hides 192 of 256 patches", float64(mask.Patches(32)-mask.Visible(32)), 192)

	net := models.NewResNet9(32, 3, torch.NewGenerator(0, torch.CPU))
	defer nn.Free(net)
	weights := 0
	for name, t := range nn.State(net) {
		if t.Dim() == 4 || strings.HasSuffix(name, ".0.bias") { // a convolution is the first of its block
			weights += t.Numel()
		}
	}
	anchor("the convolutions of ResNet-9 have 1,642,432 parameters", float64(weights), 1642432)
	return rows, nil
}

// knownDejaVu is the score where 70 and 50 of 100 images are named right by who saw
// them, and 30 and 50 by who did not.
func knownDejaVu() (float64, error) {
	answers := func(right int) mem.LabelInference {
		l := mem.LabelInference{Label: make([]int, 100), Place: make([]int, 100), Confidence: make([]float64, 100)}
		for i := right; i < 100; i++ {
			l.Label[i], l.Place[i] = 1, 1
		}
		return l
	}
	attack := func(set mem.Set, target, reference int) mem.DejaVuAttack {
		a := mem.DejaVuAttack{Set: set, Class: make([]int, 100), Target: answers(target), Reference: answers(reference)}
		for i := range 100 {
			a.Index = append(a.Index, 100*int(set)+i)
		}
		return a
	}
	r, err := mem.DejaVu([]mem.DejaVuAttack{attack(mem.Candidate, 70, 30), attack(mem.Independent, 50, 50)}, mem.DejaVuOptions{Resamples: 2})
	if err != nil {
		return 0, err
	}
	return r.Levels[0].Score, nil
}
