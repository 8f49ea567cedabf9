package ssl

import (
	"fmt"
	"math"

	"sslmem/torch"
)

var _ = register(Method{
	Name: "mae-limiter", Title: "MAE with limited alignment",
	Paper: "Wang et al. 2024, Memorization in Self-Supervised Learning Improves Downstream Generalization, arXiv 2401.12233, equation 3",
	Views: 2,
	Options: func() Options {
		return &MAELimiterOptions{MAEOptions: publishedMAE(), Lambda: .1, LimiterStartEpoch: 200}
	},
})

// MAELimiterOptions are the options of MAE with limited alignment.
type MAELimiterOptions struct {
	MAEOptions
	// Lambda is the weight λ of the distance between two views in the loss, from 0,
	// which is MAE, to below 1.
	Lambda float64 `toml:"lambda"`
	// LimiterStartEpoch is the number of epochs of MAE alone, before the distance
	// takes its part in the loss.
	LimiterStartEpoch int `toml:"limiter_start_epoch"`
}

// Check implements [Options].
func (o *MAELimiterOptions) Check() error {
	switch {
	case !(o.Lambda >= 0 && o.Lambda < 1):
		return fmt.Errorf("lambda is %v but must be at least 0 and below 1", o.Lambda)
	case o.LimiterStartEpoch < 0:
		return fmt.Errorf("limiter_start_epoch is %d but must be at least 0", o.LimiterStartEpoch)
	}
	return o.MAEOptions.Check()
}

// New implements [Options]. A limiter that would start after the training has ended is
// refused.
func (o *MAELimiterOptions) New(b Build) (Trainer, error) {
	if o.Lambda > 0 && o.LimiterStartEpoch >= b.Recipe.Epochs {
		return nil, fmt.Errorf("limiter_start_epoch is %d, but the training has %d epochs and so would never limit anything; lower it, or set lambda to 0", o.LimiterStartEpoch, b.Recipe.Epochs)
	}
	mae, err := newMAE(&o.MAEOptions, b)
	if err != nil {
		return nil, err
	}
	return &MAELimiter{MAE: mae, lambda: o.Lambda, start: o.LimiterStartEpoch}, nil
}

// MAELimiter is MAE that is kept from aligning two views of an image, so that it
// memorizes less (Wang et al. 2024, arXiv 2401.12233, equation 3).
//
// Each of the two views of an image is masked by an order of its own; where the
// augmentations change nothing, they are one image under two masks. The
// representation of a view is what its encoder makes of the patches that are
// visible, pooled as the recipe says: the class token, or the mean over those
// patches. Two masks show different patches, so that single tokens could not be
// compared. With θ the angle between the representations of the two views of an
// image, in the mean over the images of a batch,
//
//	loss = (1 − λ) · [MaskedMSE] − λ · [Angle],  Angle = mean θ/π.
//
// The angle is from 0, where two views agree, to 1, where they are opposite, and it is
// rewarded. As θ/π = 1/2 − asin(cos θ)/π, this has the gradient of (1 − λ) ·
// MaskedMSE + λ · asin(cos θ)/π; with the other sign of that term, views would be
// drawn together instead. For LimiterStartEpoch epochs, and with λ = 0 throughout, the
// loss is MaskedMSE alone.
//
// The log shows both terms, the angle from the first step on.
type MAELimiter struct {
	*MAE
	lambda float64
	start  int // epoch, from 0
}

// Forward implements [Trainer].
func (m *MAELimiter) Forward(b Batch) Result {
	tokens := m.encode(b.Views, b.Order)
	mse := m.loss(b.Views, tokens, b.Order)
	features := m.vit.Pool(tokens)
	views := b.Parts(features)
	angle := Angle(views[0], views[1])
	loss := mse
	if m.lambda > 0 && b.Clock.Epoch() >= m.start {
		loss = mse.MulScalar(1 - m.lambda).Sub(angle.MulScalar(m.lambda))
	}
	return Result{Loss: loss, Output: features, Parts: []Part{{"reconstruction", mse}, {"angle", angle}}}
}

// Angle returns the angle between the rows of a and those of b [N, D], in parts of
// π and in the mean over the rows: 0 where they point the same way, 1/2 at right
// angles, 1 where they are opposite. Below 5e-4, and as near to 1, no gradient flows: there
// a cosine in float32 does not tell angles apart.
func Angle(a, b *torch.Tensor) *torch.Tensor {
	const most = 1 - 1e-6
	cos := normalize(a).Mul(normalize(b)).SumDim([]int{1}, false)
	return cos.Clamp(-most, most).Acos().Mean().DivScalar(math.Pi)
}
