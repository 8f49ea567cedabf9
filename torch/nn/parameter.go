package nn

import "sslmem/torch"

// New parameters are float32 root tensors on the CPU, and are trained.

// uniform draws a parameter from ±bound.
func uniform(g *torch.Generator, bound float64, shape ...int) *torch.Tensor {
	return g.Uniform(empty(shape...), -bound, bound).RequireGrad(true)
}

func empty(shape ...int) *torch.Tensor { return torch.Root.Empty(shape, torch.Float32, torch.CPU) }

func ones(shape ...int) *torch.Tensor {
	return torch.Root.Ones(shape, torch.Float32, torch.CPU).RequireGrad(true)
}

func zeros(shape ...int) *torch.Tensor {
	return torch.Root.Zeros(shape, torch.Float32, torch.CPU).RequireGrad(true)
}
