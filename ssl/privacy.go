package ssl

import (
	"errors"
	"fmt"
	"math"

	"sslmem/models"
	"sslmem/ssl/privacy"
)

// Privacy makes a training differentially private, by DP-SGD (Abadi et al. 2016, arXiv
// 1607.00133). Each image is drawn for a step with the probability batch_size divided by
// the number of images, independently of all others. Its gradient is shortened to the
// length MaxGradNorm; to the sum of those of a step comes Gaussian noise with the standard
// deviation NoiseMultiplier · MaxGradNorm; and batch_size, which is the expected number of
// images, divides the sum. The optimizer goes on from there. Names are those of Opacus.
//
// The loss of an image must be its own: methods and encoders whose loss of one image
// depends on others are refused. See docs/privacy.md for what is promised, and what is not.
type Privacy struct {
	// MaxGradNorm is the length, above 0, to which the gradient of an image, over all
	// parameters together, is shortened if it is longer.
	MaxGradNorm float64 `toml:"max_grad_norm" json:"max_grad_norm"`
	// NoiseMultiplier is the standard deviation of the noise as a multiple of MaxGradNorm.
	// TargetEpsilon chooses it, so that the whole training spends that ε: one of the two is
	// 0. If both are, there is no noise, and ε is infinite.
	NoiseMultiplier float64 `toml:"noise_multiplier" json:"noise_multiplier"`
	TargetEpsilon   float64 `toml:"target_epsilon" json:"target_epsilon"`
	// Delta is the δ that ε is for, above 0 and below 1; well below one in the number of
	// images.
	Delta float64 `toml:"delta" json:"delta"`
}

// checkPrivacy names the first setting that privacy cannot do with.
func (r Recipe) checkPrivacy(m Method) error {
	p := r.Privacy
	if p == nil {
		return nil
	}
	bad := func(field string, value any, want string) error {
		return fmt.Errorf("recipe: privacy.%s is %v but must be %s", field, value, want)
	}
	finite := func(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }
	switch {
	case !finite(p.MaxGradNorm) || p.MaxGradNorm == 0:
		return bad("max_grad_norm", p.MaxGradNorm, "above 0 and finite")
	case !finite(p.NoiseMultiplier):
		return bad("noise_multiplier", p.NoiseMultiplier, "at least 0 and finite; 0 is no noise")
	case !finite(p.TargetEpsilon):
		return bad("target_epsilon", p.TargetEpsilon, "at least 0 and finite; for an infinite one set it and noise_multiplier to 0")
	case p.TargetEpsilon > 0 && p.NoiseMultiplier > 0:
		return fmt.Errorf("recipe: privacy.target_epsilon (%v) chooses the noise, but privacy.noise_multiplier is %v too; set one of them to 0", p.TargetEpsilon, p.NoiseMultiplier)
	case !(p.Delta > 0 && p.Delta < 1):
		return bad("delta", p.Delta, "above 0 and below 1, and well below one in the number of images")
	case m.Mixes != "":
		return m.notPrivate(m.Mixes)
	case m.Remembers != "":
		return m.notPrivate(m.Remembers)
	case models.HasBatchNorm(r.Model):
		return fmt.Errorf("recipe: the gradient of one image cannot be told with %s, whose batch norm makes of each image what depends on the others of its batch; set model to vit_tiny, vit_small or vit_base", r.Model)
	case r.Accumulate > 1:
		return fmt.Errorf("recipe: with privacy a batch is computed image by image anyway; set accumulate (now %d) to 1", r.Accumulate)
	case r.Precision == FP16:
		return fmt.Errorf("recipe: precision %q leaves out steps whose gradients overflow, which privacy does not count; set it to %q or %q", FP16, FP32, BF16)
	}
	return nil
}

func (m Method) notPrivate(why string) error {
	return fmt.Errorf("recipe: %s cannot be trained with privacy, because %s, so that the gradient of one image is not its own; take mae, mae-limiter or supervised with a ViT", m.Title, why)
}

// A Guarantee says what a private training spends.
type Guarantee struct {
	NoiseMultiplier float64       // that of the recipe, or what its target takes
	SampleRate      float64       // probability of each image to take part in a step
	Steps           int           // of the whole training
	Spent           privacy.Spent // by all of them, with the improved bound

	images int
	step   privacy.Accountant // has counted one step
}

// Guarantee returns what a training by the recipe on a number of images spends. It is an
// error if the recipe has no privacy, if there are fewer images than in a batch, or if no
// noise reaches its target.
func (r Recipe) Guarantee(images int) (Guarantee, error) {
	p := r.Privacy
	if p == nil {
		return Guarantee{}, errors.New("the recipe has no privacy")
	}
	if images < r.BatchSize || images < 1 {
		return Guarantee{}, fmt.Errorf("privacy: batches of %d cannot be drawn from %d images; lower batch_size or take more images", r.BatchSize, images)
	}
	g := Guarantee{
		NoiseMultiplier: p.NoiseMultiplier, SampleRate: sampleRate(r.BatchSize, images),
		Steps: images / r.BatchSize * r.Epochs, images: images,
	}
	var err error
	if p.TargetEpsilon > 0 {
		if g.NoiseMultiplier, err = privacy.NoiseMultiplier(p.TargetEpsilon, p.Delta, g.SampleRate, g.Steps); err != nil {
			return g, err
		}
	}
	if err := g.step.Compose(g.NoiseMultiplier, g.SampleRate, 1); err != nil {
		return g, err
	}
	g.Spent, err = g.step.Times(g.Steps).Epsilon(p.Delta, privacy.Improved)
	return g, err
}

// sampleRate is the probability of each image to take part in a step.
func sampleRate(batch, images int) float64 { return float64(batch) / float64(images) }

// After returns what the first steps spend.
func (g Guarantee) After(steps int) privacy.Spent {
	s, err := g.step.Times(steps).Epsilon(g.Spent.Delta, privacy.Improved)
	if err != nil {
		panic(err) // the same δ was taken before
	}
	return s
}

// String says it in a line.
func (g Guarantee) String() string {
	epsilon := fmt.Sprintf("%.4g", g.Spent.Epsilon)
	if math.IsInf(g.Spent.Epsilon, 1) {
		epsilon = "∞"
	}
	return fmt.Sprintf("ε %s at δ %g after %d steps, with the noise multiplier %.4g and the sample rate %.4g", epsilon, g.Spent.Delta, g.Steps, g.NoiseMultiplier, g.SampleRate)
}

// warnings are what a training with this guarantee should tell.
func (g Guarantee) warnings() (sentences []string) {
	if g.NoiseMultiplier == 0 {
		sentences = append(sentences, "there is no noise, so ε is infinite and nothing is kept private; set privacy.target_epsilon or privacy.noise_multiplier")
	}
	if g.Spent.Delta*float64(g.images) >= 1 {
		sentences = append(sentences, fmt.Sprintf("privacy.delta is %g, with which one of the %d images may be given away whole; set it well below %.1g", g.Spent.Delta, g.images, 1/float64(g.images)))
	}
	return sentences
}

// spent is what a checkpoint says of privacy. No epsilon is an infinite one, which JSON
// lacks.
type spent struct {
	Epsilon         *float64 `json:"epsilon"`
	Delta           float64  `json:"delta"`
	NoiseMultiplier float64  `json:"noise_multiplier"`
	SampleRate      float64  `json:"sample_rate"`
}

func (g Guarantee) spent(steps int) *spent {
	s := &spent{Delta: g.Spent.Delta, NoiseMultiplier: g.NoiseMultiplier, SampleRate: g.SampleRate}
	if after := g.After(steps); !math.IsInf(after.Epsilon, 1) {
		s.Epsilon = &after.Epsilon
	}
	return s
}
