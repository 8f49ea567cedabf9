package amp_test

import (
	"fmt"

	"sslmem/torch"
	"sslmem/torch/amp"
	"sslmem/torch/optim"
)

// One line is fitted in float16. The first scale is far too large for it, so
// the scaler halves it until the gradients fit.
func ExampleGradScaler() {
	w := torch.Root.Zeros([]int{1, 2}, torch.Float32, torch.CPU).RequireGrad(true)
	defer w.Free()
	opt := optim.NewSGD([]*torch.Tensor{w}, optim.SGDOptions{})
	scaler := amp.NewGradScaler(torch.CPU, amp.Options{InitScale: 1 << 20})
	defer scaler.Free()

	leftOut := 0
	for range 100 {
		s := torch.NewScope()
		x := torch.FromSlice(s, []float32{1, 0, 0, 1, 1, 1}, 3, 2)
		y := torch.FromSlice(s, []float32{2, -1, 1}, 3, 1)
		var loss *torch.Tensor
		torch.Autocast(torch.CPUType, torch.Float16, func() {
			loss = x.Linear(w, nil).MSELoss(y, torch.ReduceMean)
		})
		scaler.Scale(loss).Backward()
		if !scaler.Step(opt, .5) {
			leftOut++
		}
		scaler.Update()
		opt.ZeroGrad()
		s.Close()
	}
	fmt.Printf("w = %.2f\n", torch.ToSlice[float32](w))
	fmt.Printf("%d steps left out, scale %g\n", leftOut, scaler.GetScale())
	// Output:
	// w = [2.00 -1.00]
	// 6 steps left out, scale 16384
}
