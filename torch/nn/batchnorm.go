package nn

import (
	"fmt"

	"sslmem/torch"
)

// BatchNorm normalizes each channel of [N, C], [N, C, L], [N, C, H, W] or
// [N, C, D, H, W], as torch.nn.BatchNorm1d, BatchNorm2d and BatchNorm3d (Ioffe
// and Szegedy 2015). In training it uses the batch's statistics and updates the
// running ones; otherwise it uses the running ones.
//
// Without Weight and Bias it is PyTorch's affine=False. Without RunningMean,
// RunningVar and NumBatchesTracked it is track_running_stats=False, and uses
// the batch's statistics always.
type BatchNorm struct {
	Weight            *torch.Tensor // [C], or nil
	Bias              *torch.Tensor // [C], or nil
	RunningMean       *torch.Tensor // [C], or nil
	RunningVar        *torch.Tensor // [C], unbiased, or nil
	NumBatchesTracked *torch.Tensor // int64 scalar, or nil
	Momentum          float64       // weight of a batch in the running statistics
	Eps               float64       // added to the variance
	Training          bool
}

// NewBatchNorm returns a batch norm over c channels with PyTorch's defaults:
// weight 1, bias 0, momentum 0.1, eps 1e-5, in training mode.
func NewBatchNorm(c int) *BatchNorm {
	return &BatchNorm{
		Weight:            ones(c),
		Bias:              zeros(c),
		RunningMean:       torch.Root.Zeros([]int{c}, torch.Float32, torch.CPU),
		RunningVar:        torch.Root.Ones([]int{c}, torch.Float32, torch.CPU),
		NumBatchesTracked: torch.Root.Zeros([]int{}, torch.Int64, torch.CPU),
		Momentum:          0.1,
		Eps:               1e-5,
		Training:          true,
	}
}

// Forward returns the normalized x, of x's shape:
//
//	(x − mean) / √(var + Eps) · Weight + Bias
//
// for each channel. Training moves the running statistics by Momentum towards
// those of the batch, also inside [torch.NoGrad]. It panics if x has another
// number of channels, and where it uses the batch's statistics if a channel has
// only one value, whose variance is unknown.
func (b *BatchNorm) Forward(x *torch.Tensor) *torch.Tensor {
	ofBatch := b.Training || b.RunningMean == nil
	if ofBatch && x.Dim() > 1 && x.Numel() <= x.Size(1) {
		panic(&torch.Error{Op: "batch_norm", Kind: torch.Value,
			Msg: fmt.Sprintf("training needs more than one value for each channel, but the input is %v", x.Shape())})
	}
	y := x.BatchNorm(b.Weight, b.Bias, b.RunningMean, b.RunningVar, ofBatch, b.Momentum, b.Eps, true)
	if b.Training && b.NumBatchesTracked != nil {
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
