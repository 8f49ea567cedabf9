package nn

import (
	"cmp"

	"sslmem/torch"
)

// Poolings are plain values and hold no parameters. Windows are squares; those
// that do not fit at the end are dropped, unless CeilMode keeps them.

// MaxPool1d is the maximum over windows of [N, C, L].
type MaxPool1d struct {
	Stateless
	Kernel   int
	Stride   int // 0 means Kernel
	Padding  int // of −∞ at both ends, at most Kernel/2
	CeilMode bool
}

// Forward returns the pooled x [N, C, L]. It panics if x is smaller than one
// window.
func (p MaxPool1d) Forward(x *torch.Tensor) *torch.Tensor {
	return x.MaxPool1d([]int{p.Kernel}, []int{cmp.Or(p.Stride, p.Kernel)}, []int{p.Padding}, []int{1}, p.CeilMode)
}

// MaxPool2d is the maximum over windows of [N, C, H, W]:
// [N, C, ⌊(H + 2·Padding − Kernel)/Stride⌋ + 1, …].
type MaxPool2d struct {
	Stateless
	Kernel   int
	Stride   int // 0 means Kernel
	Padding  int // of −∞ on all sides, at most Kernel/2
	CeilMode bool
}

// Forward returns the pooled x. It panics if x is smaller than one window.
func (p MaxPool2d) Forward(x *torch.Tensor) *torch.Tensor {
	return x.MaxPool2d(twice(p.Kernel), twice(cmp.Or(p.Stride, p.Kernel)), twice(p.Padding), twice(1), p.CeilMode)
}

// AvgPool1d is the mean over windows of [N, C, L].
type AvgPool1d struct {
	Stateless
	Kernel   int
	Stride   int // 0 means Kernel
	Padding  int // of zeros at both ends, at most Kernel/2
	CeilMode bool
	OmitPad  bool // PyTorch's count_include_pad=False
}

// Forward returns the pooled x [N, C, L]. It panics if x is smaller than one
// window.
func (p AvgPool1d) Forward(x *torch.Tensor) *torch.Tensor {
	return x.AvgPool1d([]int{p.Kernel}, []int{cmp.Or(p.Stride, p.Kernel)}, []int{p.Padding}, p.CeilMode, !p.OmitPad)
}

// AvgPool2d is the mean over windows of [N, C, H, W].
type AvgPool2d struct {
	Stateless
	Kernel   int
	Stride   int // 0 means Kernel
	Padding  int // of zeros on all sides, at most Kernel/2
	CeilMode bool
	OmitPad  bool // PyTorch's count_include_pad=False
}

// Forward returns the pooled x [N, C, H, W]. It panics if x is smaller than one
// window.
func (p AvgPool2d) Forward(x *torch.Tensor) *torch.Tensor {
	return x.AvgPool2d(twice(p.Kernel), twice(cmp.Or(p.Stride, p.Kernel)), twice(p.Padding), p.CeilMode, !p.OmitPad)
}

// AdaptiveAvgPool1d is the mean over Output windows of [N, C, L], whatever L is.
type AdaptiveAvgPool1d struct {
	Stateless
	Output int
}

// Forward returns the pooled x: [N, C, Output].
func (p AdaptiveAvgPool1d) Forward(x *torch.Tensor) *torch.Tensor {
	return x.AdaptiveAvgPool1d([]int{p.Output})
}

// AdaptiveAvgPool2d is the mean over Output × Output windows of [N, C, H, W],
// whatever H and W are; an Output of 1 is the mean of all pixels.
type AdaptiveAvgPool2d struct {
	Stateless
	Output int
}

// Forward returns the pooled x: [N, C, Output, Output].
func (p AdaptiveAvgPool2d) Forward(x *torch.Tensor) *torch.Tensor {
	return x.AdaptiveAvgPool2d(twice(p.Output))
}

// AdaptiveMaxPool1d is the maximum over Output windows of [N, C, L], whatever L
// is.
type AdaptiveMaxPool1d struct {
	Stateless
	Output int
}

// Forward returns the pooled x: [N, C, Output].
func (p AdaptiveMaxPool1d) Forward(x *torch.Tensor) *torch.Tensor {
	y, at := x.Unsqueeze(-2).AdaptiveMaxPool2d([]int{1, p.Output})
	at.Free()
	return y.Squeeze(-2)
}

// AdaptiveMaxPool2d is the maximum over Output × Output windows of
// [N, C, H, W], whatever H and W are.
type AdaptiveMaxPool2d struct {
	Stateless
	Output int
}

// Forward returns the pooled x: [N, C, Output, Output].
func (p AdaptiveMaxPool2d) Forward(x *torch.Tensor) *torch.Tensor {
	y, at := x.AdaptiveMaxPool2d(twice(p.Output))
	at.Free()
	return y
}
