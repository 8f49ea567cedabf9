package device_test

import (
	"fmt"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/augment/device"
	"sslmem/torch"
)

// Two views of each image of a batch, made where the images lie.
func Example() {
	s := torch.NewScope()
	defer s.Close()
	train, _, err := data.FashionMNIST()
	if err != nil {
		fmt.Println(err)
		return
	}
	images, err := device.New(s, train, torch.CPU)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := augment.Lookup("demo")
	if err != nil {
		fmt.Println(err)
		return
	}
	var views []*torch.Tensor
	for v := range 2 {
		x, err := images.Batch(s, r, []int{4, 8, 15, 16, 23, 42}, augment.Key{Seed: 1, View: v})
		if err != nil {
			fmt.Println(err)
			return
		}
		views = append(views, x)
	}
	fmt.Println(torch.Cat(views, 0).Shape())
	// Output: [12 1 28 28]
}
