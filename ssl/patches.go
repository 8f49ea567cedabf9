package ssl

import "sslmem/torch"

// Patchify cuts images [N, C, H, W] into patches of size × size pixels, row by
// row: [N, H/size · W/size, size · size · C]. Within a patch the order is that of
// the authors' code of MAE: rows, columns, channels. It panics with *[torch.Error]
// if size does not divide H and W.
func Patchify(images *torch.Tensor, size int) *torch.Tensor {
	n, c, rows, cols := images.Size(0), images.Size(1), images.Size(2)/size, images.Size(3)/size
	x := images.Reshape([]int{n, c, rows, size, cols, size})
	return x.Permute([]int{0, 2, 4, 3, 5, 1}).Reshape([]int{n, rows * cols, size * size * c})
}

// Unpatchify puts patches [N, rows · cols, size · size · C] together again:
// [N, C, rows · size, cols · size]. It undoes [Patchify].
func Unpatchify(patches *torch.Tensor, size, rows, cols int) *torch.Tensor {
	n, c := patches.Size(0), patches.Size(2)/(size*size)
	x := patches.Reshape([]int{n, rows, cols, size, size, c})
	return x.Permute([]int{0, 5, 1, 3, 2, 4}).Reshape([]int{n, c, rows * size, cols * size})
}

// NormPatches brings each patch [N, L, P] to mean 0 and variance 1 over its P
// numbers (He et al. 2022, arXiv 2111.06377, section 4.1), and returns the mean and
// standard deviation [N, L, 1] that undo it. The variance is that with P − 1, and
// 1e-6 is added to it, as in the authors' code.
func NormPatches(patches *torch.Tensor) (normalized, mean, std *torch.Tensor) {
	variance, mean := patches.VarMean([]int{2}, 1, true)
	std = variance.AddScalar(1e-6).Sqrt()
	return patches.Sub(mean).Div(std), mean, std
}

// MaskedMSE returns the mean squared error of predicted patches [N, L, P] against
// the true ones, over those that are hidden: all in an order of the patches, int64
// [N, L], but the first ones that are visible. Hidden are as many of each image, so
// that this is a mean over the images too.
func MaskedMSE(prediction, target, order *torch.Tensor, visible int) *torch.Tensor {
	hidden := order.Narrow(1, visible, order.Size(1)-visible)
	return takeRows(full(prediction), hidden).Sub(takeRows(target, hidden)).Square().Mean()
}

// takeRows returns the rows of each x [N, L, D] at its indices, int64 [N, K], as
// [N, K, D].
func takeRows(x, index *torch.Tensor) *torch.Tensor {
	return x.Gather(1, rowIndex(index, x.Size(2)))
}

// rowIndex makes indices of rows [N, K] such of their elements [N, K, D].
func rowIndex(index *torch.Tensor, dim int) *torch.Tensor {
	return index.Unsqueeze(-1).Expand([]int{index.Size(0), index.Size(1), dim})
}
