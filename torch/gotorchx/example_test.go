package gotorchx_test

import (
	"fmt"
	"runtime"

	"github.com/wangkuiyi/gotorch"
	gnn "github.com/wangkuiyi/gotorch/nn"
	"github.com/wangkuiyi/gotorch/nn/initializer"

	"sslmem/torch"
	"sslmem/torch/gotorchx"
	"sslmem/torch/nn"
)

func Example() {
	s := torch.NewScope()
	defer s.Close()

	// A weight of gotorch's, [3, 1], in a computation that starts and ends here.
	w := gotorch.Full([]int64{3, 1}, 2, true)
	x := torch.FromSlice(s, []float32{1, 2, 3}, 1, 3)
	var y *torch.Tensor
	gotorchx.Hold(func() { y = gotorchx.FromGotorch(s, gotorch.MM(gotorchx.ToGotorch(x), w)) })

	y.Mul(y).Sum().Backward()
	fmt.Println("y:", torch.ToSlice[float32](y))
	fmt.Println("gradient of w:", torch.ToSlice[float32](gotorchx.FromGotorch(s, w).Grad()))
	runtime.KeepAlive(w.T)
	// Output:
	// y: [12]
	// gradient of w: [24 48 72]
}

// A gotorch module among layers of this side: one optimizer could train both.
func ExampleFromModule() {
	initializer.ManualSeed(1)
	body, err := gotorchx.FromModule(gnn.Linear(4, 3, true))
	if err != nil {
		fmt.Println(err)
		return
	}
	head := nn.NewLinear(3, 2, true, torch.NewGenerator(1, torch.CPU))
	net := nn.Sequential{body, nn.GELU{}, head}
	defer nn.Free(net)

	s := torch.NewScope()
	defer s.Close()
	fmt.Println(net.Forward(s.Ones([]int{5, 4}, torch.Float32, torch.CPU)).Shape())
	for name, w := range nn.Parameters(net) {
		fmt.Println(name, w.Shape())
	}
	fmt.Println(body.Original("weight"))
	// Output:
	// [5 2]
	// 0.weight [3 4]
	// 0.bias [3]
	// 2.weight [2 3]
	// 2.bias [2]
	// LinearModule.Weight
}
