package nn

import "sslmem/torch"

// LayerNorm normalizes the last dimensions of its argument, as
// torch.nn.LayerNorm (Ba et al. 2016). Without Weight it is PyTorch's
// elementwise_affine=False, without Bias bias=False.
type LayerNorm struct {
	Weight *torch.Tensor // Shape, or nil
	Bias   *torch.Tensor // Shape, or nil
	Shape  []int         // of the dimensions that are normalized
	Eps    float64       // added to the variance
}

// NewLayerNorm returns a layer norm over the last dimensions, which must have
// the given sizes: most often one, the number of features. It has PyTorch's
// defaults: weight 1, bias 0 and eps 1e-5.
func NewLayerNorm(shape ...int) *LayerNorm {
	return &LayerNorm{Weight: ones(shape...), Bias: zeros(shape...), Shape: shape, Eps: 1e-5}
}

// Forward returns (x − mean) / √(var + Eps) · Weight + Bias for x […, Shape],
// with the mean and the variance over Shape. It panics if the last dimensions
// have other sizes.
func (l *LayerNorm) Forward(x *torch.Tensor) *torch.Tensor {
	return x.LayerNorm(l.Shape, l.Weight, l.Bias, l.Eps)
}

// Register implements [Module].
func (l *LayerNorm) Register(r *Registry) {
	r.Param("weight", &l.Weight)
	r.Param("bias", &l.Bias)
}

// RMSNorm divides the last dimensions of its argument by their root mean
// square, as torch.nn.RMSNorm (Zhang and Sennrich 2019). Without Weight it is
// PyTorch's elementwise_affine=False.
type RMSNorm struct {
	Weight *torch.Tensor // Shape, or nil
	Shape  []int         // of the dimensions that are normalized
	Eps    float64       // added to the mean square; 0 means the smallest step of x's dtype at 1
}

// NewRMSNorm returns an RMS norm over the last dimensions, which must have the
// given sizes, with weight 1 and PyTorch's default eps.
func NewRMSNorm(shape ...int) *RMSNorm { return &RMSNorm{Weight: ones(shape...), Shape: shape} }

// Forward returns x / √(mean(x²) + Eps) · Weight for x […, Shape], with the mean
// over Shape. It panics if the last dimensions have other sizes.
func (l *RMSNorm) Forward(x *torch.Tensor) *torch.Tensor {
	return x.RMSNorm(l.Shape, l.Weight, l.eps(x.DType()))
}

func (l *RMSNorm) eps(dtype torch.DType) float64 {
	if l.Eps != 0 {
		return l.Eps
	}
	switch dtype {
	case torch.Float64:
		return 0x1p-52
	case torch.Float16:
		return 0x1p-10
	case torch.BFloat16:
		return 0x1p-7
	}
	return 0x1p-23
}

// Register implements [Module].
func (l *RMSNorm) Register(r *Registry) { r.Param("weight", &l.Weight) }

// GroupNorm normalizes groups of channels of [N, C, …], each sample by itself,
// as torch.nn.GroupNorm (Wu and He 2018). Without Weight and Bias it is
// PyTorch's affine=False.
type GroupNorm struct {
	Weight *torch.Tensor // [C], or nil
	Bias   *torch.Tensor // [C], or nil
	Groups int           // divides C
	Eps    float64       // added to the variance
}

// NewGroupNorm returns a group norm over c channels in the given number of
// groups, with PyTorch's defaults: weight 1, bias 0 and eps 1e-5.
func NewGroupNorm(groups, c int) *GroupNorm {
	return &GroupNorm{Weight: ones(c), Bias: zeros(c), Groups: groups, Eps: 1e-5}
}

// Forward returns (x − mean) / √(var + Eps) · Weight + Bias for x [N, C, …], with
// the mean and the variance over a group of C/Groups channels of one sample. It
// panics if x has another number of channels or Groups does not divide it.
func (l *GroupNorm) Forward(x *torch.Tensor) *torch.Tensor {
	return x.GroupNorm(l.Groups, l.Weight, l.Bias, l.Eps)
}

// Register implements [Module].
func (l *GroupNorm) Register(r *Registry) {
	r.Param("weight", &l.Weight)
	r.Param("bias", &l.Bias)
}

// InstanceNorm normalizes each channel of each sample of [N, C, L],
// [N, C, H, W] or [N, C, D, H, W] by itself, as torch.nn.InstanceNorm1d,
// InstanceNorm2d and InstanceNorm3d with track_running_stats=False, their
// default (Ulyanov et al. 2016).
type InstanceNorm struct {
	Weight *torch.Tensor // [C], or nil
	Bias   *torch.Tensor // [C], or nil
	Eps    float64       // added to the variance
}

// NewInstanceNorm returns an instance norm over c channels with eps 1e-5. With
// affine it has weight 1 and bias 0, and without, PyTorch's default, none.
func NewInstanceNorm(c int, affine bool) *InstanceNorm {
	l := &InstanceNorm{Eps: 1e-5}
	if affine {
		l.Weight, l.Bias = ones(c), zeros(c)
	}
	return l
}

// Forward returns (x − mean) / √(var + Eps) · Weight + Bias for x [N, C, …], with
// the mean and the variance over the pixels of one channel of one sample. It
// panics if there is only one pixel, or another number of channels.
func (l *InstanceNorm) Forward(x *torch.Tensor) *torch.Tensor {
	return x.InstanceNorm(l.Weight, l.Bias, nil, nil, true, 0, l.Eps, true)
}

// Register implements [Module].
func (l *InstanceNorm) Register(r *Registry) {
	r.Param("weight", &l.Weight)
	r.Param("bias", &l.Bias)
}
