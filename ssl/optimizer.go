package ssl

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
)

// An Optimizer says how weights follow from gradients.
type Optimizer struct {
	Name string `toml:"name" json:"name"` // one of OptimizerNames

	// LR is the learning rate at the end of the warm-up, for batches of LRBatch
	// images; for other batches it grows in proportion (Goyal et al. 2017). LRBatch
	// 0 means that it does not depend on the batch.
	LR      float64 `toml:"lr" json:"lr"`
	LRBatch int     `toml:"lr_batch" json:"lr_batch"`
	// The learning rate rises linearly from WarmupLR over WarmupEpochs and falls
	// along half a cosine to FinalLR, a step at a time. WarmupLR and FinalLR are scaled as LR is.
	WarmupEpochs float64 `toml:"warmup_epochs" json:"warmup_epochs"`
	WarmupLR     float64 `toml:"warmup_lr" json:"warmup_lr"`
	FinalLR      float64 `toml:"final_lr" json:"final_lr"`
	// Schedule may change that to OneCycle: a rise along half a cosine too, and where
	// one of the three is 0, what PyTorch's OneCycleLR has: 30 % of the steps, from
	// LR/25 to a ten thousandth of that.
	Schedule Schedule `toml:"schedule" json:"schedule"`

	Momentum float64   `toml:"momentum" json:"momentum"` // of sgd and lars
	Betas    []float64 `toml:"betas" json:"betas"`       // of adam, adamw and lamb; empty means .9 and .999

	// WeightDecay moves to WeightDecayEnd along half a cosine over the training if
	// that is not 0.
	WeightDecay    float64 `toml:"weight_decay" json:"weight_decay"`
	WeightDecayEnd float64 `toml:"weight_decay_end" json:"weight_decay_end"`
	// ExcludeBiasAndNorm leaves biases and the parameters of norms without weight
	// decay, and lars and lamb do not adapt them.
	ExcludeBiasAndNorm bool `toml:"exclude_bias_and_norm" json:"exclude_bias_and_norm"`
	// BiasLRScale is the learning rate of those divided by that of all else; 0 means 1.
	BiasLRScale float64 `toml:"bias_lr_scale" json:"bias_lr_scale"`

	TrustCoefficient float64 `toml:"trust_coefficient" json:"trust_coefficient"` // of lars; 0 means .001

	// ClipGrad bounds the norm of all gradients together or, with ClipEach, that of
	// each parameter's gradient; 0 means no bound.
	ClipGrad float64 `toml:"clip_grad" json:"clip_grad"`
	ClipEach bool    `toml:"clip_each" json:"clip_each"`
}

// Schedule is the course of a learning rate.
type Schedule string

// The values of an optimizer's Schedule; "" means Cosine.
const (
	Cosine   Schedule = "cosine"
	OneCycle Schedule = "one-cycle" // Smith and Topin 2018, without its change of momentum
)

// OptimizerNames lists the optimizers that a recipe can name. The three of LARS
// are its published forms, see [optim.LARSForm].
func OptimizerNames() []string {
	return []string{"sgd", "adam", "adamw", "lars", "lars-you", "lars-clip", "lamb"}
}

func (o Optimizer) check(epochs int) error {
	bad := func(field string, value any, want string) error {
		return fmt.Errorf("recipe: optimizer.%s is %v but must be %s", field, value, want)
	}
	switch {
	case !slices.Contains(OptimizerNames(), o.Name):
		return bad("name", fmt.Sprintf("%q", o.Name), "one of "+strings.Join(OptimizerNames(), ", "))
	case !(o.LR > 0) || math.IsInf(o.LR, 0):
		return bad("lr", o.LR, "above 0")
	case o.LRBatch < 0:
		return bad("lr_batch", o.LRBatch, "at least 0")
	case !(o.WarmupEpochs >= 0 && o.WarmupEpochs < float64(epochs)):
		return bad("warmup_epochs", o.WarmupEpochs, fmt.Sprintf("at least 0 and below epochs (%d)", epochs))
	case !(o.WarmupLR >= 0 && o.WarmupLR <= o.LR):
		return bad("warmup_lr", o.WarmupLR, "between 0 and lr")
	case !(o.FinalLR >= 0 && o.FinalLR <= o.LR):
		return bad("final_lr", o.FinalLR, "between 0 and lr")
	case !slices.Contains([]Schedule{"", Cosine, OneCycle}, o.Schedule):
		return bad("schedule", fmt.Sprintf("%q", o.Schedule), `"cosine" or "one-cycle"`)
	case !(o.Momentum >= 0 && o.Momentum < 1):
		return bad("momentum", o.Momentum, "at least 0 and below 1")
	case len(o.Betas) != 0 && len(o.Betas) != 2:
		return bad("betas", o.Betas, "two numbers")
	case len(o.Betas) == 2 && !(o.Betas[0] >= 0 && o.Betas[0] < 1 && o.Betas[1] >= 0 && o.Betas[1] < 1):
		return bad("betas", o.Betas, "at least 0 and below 1")
	case !(o.WeightDecay >= 0):
		return bad("weight_decay", o.WeightDecay, "at least 0")
	case !(o.WeightDecayEnd >= 0):
		return bad("weight_decay_end", o.WeightDecayEnd, "at least 0")
	case !(o.BiasLRScale >= 0) || math.IsInf(o.BiasLRScale, 0):
		return bad("bias_lr_scale", o.BiasLRScale, "at least 0")
	case o.BiasLRScale != 0 && !o.ExcludeBiasAndNorm:
		return fmt.Errorf("recipe: optimizer.bias_lr_scale is %v but biases and norms are treated as all else; set optimizer.exclude_bias_and_norm", o.BiasLRScale)
	case !(o.TrustCoefficient >= 0):
		return bad("trust_coefficient", o.TrustCoefficient, "at least 0")
	case !(o.ClipGrad >= 0):
		return bad("clip_grad", o.ClipGrad, "at least 0")
	}
	return nil
}

// scaled returns a learning rate for batches of the given size.
func (o Optimizer) scaled(lr float64, batch int) float64 {
	if o.LRBatch > 0 {
		return lr * (float64(batch) / float64(o.LRBatch))
	}
	return lr
}

// schedule returns the learning rate of each step for batches of the given size.
func (o Optimizer) schedule(batch, perEpoch, total int) optim.Schedule {
	start, base, final := o.scaled(o.WarmupLR, batch), o.scaled(o.LR, batch), o.scaled(o.FinalLR, batch)
	warmup := o.WarmupEpochs * float64(perEpoch)
	if o.Schedule != OneCycle {
		return optim.WarmupCosine{Start: start, Base: base, Final: final, Warmup: int(math.Round(warmup)), Total: total}
	}
	start = cmp.Or(start, base/25)
	cycle := optim.OneCycleLR{MaxLR: base, TotalSteps: total, PctStart: warmup / float64(total), DivFactor: base / start}
	if final > 0 {
		cycle.FinalDivFactor = start / final
	}
	return cycle
}

// decay returns the weight decay of a step.
func (o Optimizer) decay(c Clock) float64 {
	if o.WeightDecayEnd == 0 {
		return o.WeightDecay
	}
	return c.Cosine(o.WeightDecay, o.WeightDecayEnd)
}

// A groupKind says how the parameters of a group are treated.
type groupKind struct {
	plain    bool // no weight decay, not adapted
	constant bool // of the learning rate
}

// groups divides the parameters of t that are trained. Their order is that of t
// where all are treated alike; lr is that of those whose learning rate is constant.
func (o Optimizer) groups(t Trainer, lr float64) (groups []optim.Group, kinds []groupKind) {
	var constant []string
	if c, ok := t.(ConstantRater); ok {
		constant = c.ConstantLR()
	}
	for name, p := range nn.Parameters(t) {
		if !p.RequiresGrad() {
			continue
		}
		kind := groupKind{
			plain:    o.ExcludeBiasAndNorm && optim.IsBiasOrNorm(name, p),
			constant: slices.ContainsFunc(constant, func(prefix string) bool { return strings.HasPrefix(name, prefix) }),
		}
		i := slices.Index(kinds, kind)
		if i < 0 {
			i = len(kinds)
			kinds = append(kinds, kind)
			g := optim.Group{WeightDecay: o.WeightDecay, NoAdapt: kind.plain}
			if kind.plain {
				g.WeightDecay, g.LRScale = 0, o.BiasLRScale
			}
			if kind.constant {
				g.LR = lr
			}
			groups = append(groups, g)
		}
		groups[i].Params = append(groups[i].Params, p)
	}
	return groups, kinds
}

// new returns the optimizer of the groups.
func (o Optimizer) new(groups []optim.Group) optim.Optimizer {
	var beta1, beta2 float64
	if len(o.Betas) == 2 {
		beta1, beta2 = o.Betas[0], o.Betas[1]
	}
	lars := func(form optim.LARSForm) optim.Optimizer {
		return optim.NewLARSGroups(groups, optim.LARSOptions{Form: form, Momentum: o.Momentum, Trust: o.TrustCoefficient})
	}
	switch o.Name {
	case "sgd":
		return optim.NewSGDGroups(groups, optim.SGDOptions{Momentum: o.Momentum})
	case "adam":
		return optim.NewAdamGroups(groups, optim.AdamOptions{Beta1: beta1, Beta2: beta2})
	case "adamw":
		return optim.NewAdamGroups(groups, optim.AdamOptions{Beta1: beta1, Beta2: beta2, Decoupled: true})
	case "lars":
		return lars(optim.LARSBYOL2020)
	case "lars-you":
		return lars(optim.LARSYou2017)
	case "lars-clip":
		return lars(optim.LARSClip)
	case "lamb":
		return optim.NewLAMBGroups(groups, optim.LAMBOptions{Beta1: beta1, Beta2: beta2})
	}
	panic(fmt.Errorf("ssl: optimizer %q was not checked", o.Name))
}

// adjust sets what changes from step to step in the groups of an optimizer.
func (o Optimizer) adjust(groups []optim.Group, kinds []groupKind, c Clock) {
	for i, kind := range kinds {
		if !kind.plain {
			groups[i].WeightDecay = o.decay(c)
		}
	}
}

// clip bounds the gradients and returns the norm of all of them before, nil if they
// are not bounded.
func (o Optimizer) clip(s *torch.Scope, params []*torch.Tensor) *torch.Tensor {
	switch {
	case o.ClipGrad == 0:
		return nil
	case o.ClipEach:
		return torch.ClipGradNormEach(s, params, o.ClipGrad, 2).Norm(2, []int{0}, false)
	default:
		return torch.ClipGradNorm(s, params, o.ClipGrad, 2)
	}
}
