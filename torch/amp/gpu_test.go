//go:build gpu

package amp_test

import (
	"testing"

	"sslmem/torch"
	"sslmem/torch/amp"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
)

// A line is fitted in float16 and bfloat16 on a GPU, from a scale that is far
// too large.
func TestMixedPrecisionOnGPU(t *testing.T) {
	device := torch.CUDA(0)
	for _, dtype := range []torch.DType{torch.Float16, torch.BFloat16} {
		t.Run(dtype.String(), func(t *testing.T) {
			torchtest.NoLeak(t)
			w := torch.Root.Zeros([]int{8, 8}, torch.Float32, device).RequireGrad(true)
			defer w.Free()
			opt := optim.NewAdam([]*torch.Tensor{w}, optim.AdamOptions{})
			defer opt.Free()
			scaler := amp.NewGradScaler(device, amp.Options{InitScale: 1 << 30})
			defer scaler.Free()
			leftOut := 0
			for range 300 {
				s := torch.NewScope()
				x := s.Eye(8, torch.Float32, device)
				var product, loss *torch.Tensor
				torch.Autocast(torch.CUDAType, dtype, func() {
					product = x.Linear(w, nil)
					loss = product.MSELoss(x, torch.ReduceMean)
				})
				if product.DType() != dtype || loss.DType() != torch.Float32 {
					t.Errorf("the product is %v and the loss %v", product.DType(), loss.DType())
				}
				scaler.Scale(loss).Backward()
				if !scaler.Step(opt, .02) {
					leftOut++
				}
				scaler.Update()
				opt.ZeroGrad()
				s.Close()
			}
			s := torch.NewScope()
			defer s.Close()
			torchtest.AllClose(t, s.Use(w), s.Eye(8, torch.Float32, device), 0, .02)
			if overflows := dtype == torch.Float16; overflows != (leftOut > 0) {
				t.Errorf("%d steps were left out", leftOut)
			}
		})
	}
}
