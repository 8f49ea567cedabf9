// Package privacy says how much a training with noise tells of one image.
//
// # What is promised
//
// A training is (ε, δ)-differentially private if, for any two sets of images of
// which one has one image more, each set of outcomes has a probability under the
// one that is at most exp(ε) times that under the other, and δ more (Dwork et al.
// 2006). A small ε means that the outcome tells almost nothing of whether an image
// was there. DP-SGD (Abadi et al. 2016, arXiv 1607.00133) comes to that by steps of
// the subsampled Gaussian mechanism: each image takes part in a step with probability
// q, the sample rate, independently of all others; its gradient is shortened to the
// length C; and to the sum of these comes Gaussian noise with the standard deviation
// σ·C, where σ is the noise multiplier.
//
// # How it is counted
//
// An [Accountant] counts in Rényi differential privacy (Mironov 2017, arXiv
// 1702.07476): [RDP] is the Rényi divergence of order α that one step allows
// (Mironov, Talwar and Zhang 2019, arXiv 1908.10530), those of several steps add up,
// and [Accountant.Epsilon] turns the sum into ε for a δ, at the order for which that
// is least:
//
//	var a privacy.Accountant
//	err := a.Compose(1.1, 256./60000, 14040) // σ, q, steps
//	…
//	epsilon, err := a.Epsilon(1e-5, privacy.Improved)
//
// [NoiseMultiplier] goes the other way, from ε to the noise. Every order gives a bound
// that holds; more orders can only lower ε, which stays an upper bound.
//
// # What is not counted
//
// Arithmetic is taken to be that of real numbers: floating point gives noise of finitely
// many values, and an attack on them is known (Mironov 2012). Nor is anything counted
// that was looked at besides: losses, probes, several trainings of which the best is
// kept.
package privacy
