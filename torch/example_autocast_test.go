package torch_test

import (
	"fmt"

	"sslmem/torch"
)

// Products compute in bfloat16, losses in float32; the gradient has the dtype
// of the parameter.
func ExampleAutocast() {
	s := torch.NewScope()
	defer s.Close()
	w := s.Full([]int{3, 2}, .5, torch.Float32, torch.CPU).RequireGrad(true)
	x := torch.FromSlice(s, []float32{1, 2, 3, 4}, 2, 2)
	classes := torch.FromSlice(s, []int64{0, 2})

	var logits, loss *torch.Tensor
	torch.Autocast(torch.CPUType, torch.BFloat16, func() {
		logits = x.Linear(w, nil)
		loss = logits.CrossEntropy(classes)
		torch.NoAutocast(torch.CPUType, func() {
			fmt.Println("in between", x.Linear(w, nil).DType())
		})
	})
	loss.Backward()
	fmt.Println("logits", logits.DType())
	fmt.Println("loss", loss.DType())
	fmt.Println("gradient", w.Grad().DType())
	// Output:
	// in between float32
	// logits bfloat16
	// loss float32
	// gradient float32
}
