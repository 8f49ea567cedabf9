package eval

import (
	"errors"
	"math"

	"sslmem/torch"
)

// rankEpsilon is the ε of RankMe, that of the paper for float32.
const rankEpsilon = 1e-7

// RankMe returns the effective rank of features x [N, D] of Garrido,
// Balestriero, Najman and LeCun, "RankMe: Assessing the Downstream Performance
// of Pretrained Self-Supervised Representations by Their Rank", ICML 2023
// (arXiv:2210.02885): with the singular values σ of x,
//
//	exp(−Σ p·ln p),  p = σ/Σσ + 10⁻⁷
//
// between 1 and min(N, D). Features that have all collapsed onto one line have
// rank 1, and so have features that are all zero. The features are taken as
// they are, without centering. The paper uses N = 25,600; with N below D, N
// bounds the rank, so compare ranks of equal N only.
//
// It is computed in float64. It is an error if x is no matrix of finite
// numbers.
func RankMe(x *torch.Tensor) (float64, error) {
	if err := checkFeatures("given", x); err != nil {
		return 0, err
	}
	var sigma []float64
	err := torch.Try(func() {
		s := torch.NewScope()
		defer s.Close()
		torch.NoGrad(func() { sigma = torch.ToSlice[float64](s.Use(x).ToDType(torch.Float64).SingularValues()) })
	})
	if err != nil {
		return 0, err
	}
	var sum, entropy float64
	for _, v := range sigma {
		sum += v
	}
	for _, v := range sigma {
		p := rankEpsilon
		if sum > 0 {
			p += v / sum
		}
		entropy -= p * math.Log(p)
	}
	return math.Exp(entropy), nil
}

// Spread returns the mean over dimensions of the standard deviation (with N−1)
// of features x [N, D] brought to length one, the measure of collapse of Chen
// and He, "Exploring Simple Siamese Representation Learning", CVPR 2021
// (arXiv:2011.10566). It is 0 where all images have one direction, and 1/√D,
// its largest value but for N/(N−1), where directions are spread evenly.
// Features of length zero stay zero.
//
// It is an error if x is no matrix of finite numbers with at least two rows.
func Spread(x *torch.Tensor) (float64, error) {
	if err := checkFeatures("given", x); err != nil {
		return 0, err
	}
	if x.Size(0) < 2 {
		return 0, errors.New("eval: the spread of features takes at least two images")
	}
	var spread float64
	err := torch.Try(func() {
		s := torch.NewScope()
		defer s.Close()
		torch.NoGrad(func() {
			spread = unit(s.Use(x).ToDType(torch.Float64)).Std([]int{0}, 1, false).Mean().Item()
		})
	})
	return spread, err
}

// unit brings rows to length one as PyTorch's F.normalize does; those shorter
// than 10⁻¹² are divided by that.
func unit(x *torch.Tensor) *torch.Tensor {
	return x.Div(x.Norm(2, []int{1}, true).ClampMin(1e-12))
}
