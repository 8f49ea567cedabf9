package models

import (
	"math"

	"sslmem/torch"
)

// interpolate maps a position embedding [1, from², D] to one of a grid of
// another size [1, h·w, D]: bicubic with antialiasing, as timm's
// resample_abs_pos_embed, in float32 at least.
func interpolate(pos *torch.Tensor, from, h, w int) *torch.Tensor {
	dim, dtype := pos.Size(2), pos.DType()
	if dtype != torch.Float64 {
		pos = pos.ToDType(torch.Float32)
	}
	image := pos.Reshape([]int{1, from, from, dim}).Permute([]int{0, 3, 1, 2})
	image = image.UpsampleBicubic2dAA([]int{h, w}, false)
	return image.Permute([]int{0, 2, 3, 1}).Reshape([]int{1, h * w, dim}).ToDType(dtype)
}

// SinCosPositions returns the fixed position embedding of MAE for grid × grid
// patches, [1, prefix + grid², dim], with zeros for the prefix: a quarter each
// of the sines and cosines of the column, then of the row, at the frequencies
// 10000^(−i/(dim/4)) of Vaswani et al. (2017).
func SinCosPositions(grid, dim, prefix int) *torch.Tensor {
	values := make([]float32, (prefix+grid*grid)*dim)
	quarter := dim / 4
	for at := range grid * grid {
		row := values[(prefix+at)*dim:]
		for half, position := range []int{at % grid, at / grid} {
			for i := range quarter {
				sin, cos := math.Sincos(float64(position) * math.Pow(10000, -float64(i)/float64(quarter)))
				row[2*half*quarter+i], row[(2*half+1)*quarter+i] = float32(sin), float32(cos)
			}
		}
	}
	return torch.FromSlice(torch.Root, values, 1, prefix+grid*grid, dim)
}
