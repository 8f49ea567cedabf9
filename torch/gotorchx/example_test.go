package gotorchx_test

import (
	"fmt"
	"runtime"

	"github.com/wangkuiyi/gotorch"

	"sslmem/torch"
	"sslmem/torch/gotorchx"
)

func Example() {
	s := torch.NewScope()
	defer s.Close()

	// A weight of gotorch's, [3, 1], in a computation that starts and ends here.
	w := gotorch.Full([]int64{3, 1}, 2, true)
	x := torch.FromSlice(s, []float32{1, 2, 3}, 1, 3)
	operand := gotorchx.ToGotorch(x)
	y := gotorchx.FromGotorch(s, gotorch.MM(operand, w))
	runtime.KeepAlive(operand.T)

	y.Mul(y).Sum().Backward()
	fmt.Println("y:", torch.ToSlice[float32](y))
	fmt.Println("gradient of w:", torch.ToSlice[float32](gotorchx.FromGotorch(s, w).Grad()))
	runtime.KeepAlive(w.T)
	// Output:
	// y: [12]
	// gradient of w: [24 48 72]
}
