package nn

import (
	"fmt"

	"sslmem/torch"
)

// BatchNorm normalizes each channel of [N, C] or [N, C, H, W], as
// torch.nn.BatchNorm1d and BatchNorm2d (Ioffe and Szegedy 2015). In training
// it uses the batch's statistics and updates the running ones; otherwise it
// uses the running ones.
type BatchNorm struct {
	Weight            *torch.Tensor // [C]
	Bias              *torch.Tensor // [C]
	RunningMean       *torch.Tensor // [C]
	RunningVar        *torch.Tensor // [C], unbiased
	NumBatchesTracked *torch.Tensor // int64 scalar
	Momentum          float64       // weight of a batch in the running statistics
	Eps               float64       // added to the variance
	Training          bool
}

// NewBatchNorm returns a batch norm over c channels with PyTorch's defaults:
// weight 1, bias 0, momentum 0.1, eps 1e-5, in training mode.
func NewBatchNorm(c int) *BatchNorm {
	shape := []int{c}
	return &BatchNorm{
		Weight:            torch.Root.Ones(shape, torch.Float32, torch.CPU).RequireGrad(true),
		Bias:              torch.Root.Zeros(shape, torch.Float32, torch.CPU).RequireGrad(true),
		RunningMean:       torch.Root.Zeros(shape, torch.Float32, torch.CPU),
		RunningVar:        torch.Root.Ones(shape, torch.Float32, torch.CPU),
		NumBatchesTracked: torch.Root.Zeros([]int{}, torch.Int64, torch.CPU),
		Momentum:          0.1,
		Eps:               1e-5,
		Training:          true,
	}
}

// Forward returns the normalized x, float32 and of x's shape:
//
//	(x − mean) / √(var + Eps) · Weight + Bias
//
// for each channel. Training moves the running statistics by Momentum towards
// those of the batch, also inside [torch.NoGrad]. It panics if x has another
// number of channels, and in training if a channel has only one value, whose
// variance is unknown.
func (b *BatchNorm) Forward(x *torch.Tensor) *torch.Tensor {
	if b.Training && x.Numel() <= b.Weight.Numel() {
		panic(&torch.Error{Op: "batch_norm", Kind: torch.Value,
			Msg: fmt.Sprintf("training needs more than one value for each channel, but the input is %v", x.Shape())})
	}
	y := x.BatchNorm(b.Weight, b.Bias, b.RunningMean, b.RunningVar, b.Training, b.Momentum, b.Eps, true)
	if b.Training {
		b.NumBatchesTracked.AddScalarInPlace(1)
	}
	return y
}

// Register implements [Module].
func (b *BatchNorm) Register(r *Registry) {
	r.Param("weight", &b.Weight)
	r.Param("bias", &b.Bias)
	r.Buffer("running_mean", &b.RunningMean)
	r.Buffer("running_var", &b.RunningVar)
	r.Buffer("num_batches_tracked", &b.NumBatchesTracked)
	r.Training(&b.Training)
}
