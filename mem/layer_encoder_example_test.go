package mem_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/mem"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// chain is a network in parts that only take one tensor and give one, as
// TorchScript modules do; each part is a layer.
type chain struct {
	names []string
	parts []mem.Encoder
}

func (c chain) Layers() []string { return c.names }

func (c chain) ForwardLayers(x *torch.Tensor, names ...string) (*torch.Tensor, map[string]*torch.Tensor) {
	got := map[string]*torch.Tensor{}
	for i, part := range c.parts {
		x = part.Forward(x)
		if slices.Contains(names, c.names[i]) {
			got[c.names[i]] = x.Scope().Use(x)
		}
	}
	return x.AdaptiveAvgPool2d([]int{1, 1}).Flatten(1, -1), got
}

// Any network whose parts can be run one after the other shows its layers.
func ExampleLayerEncoder() {
	g := torch.NewGenerator(1, torch.CPU)
	conv1, conv2 := nn.NewConv2d(1, 6, 3, nn.ConvOptions{}, g), nn.NewConv2d(6, 8, 3, nn.ConvOptions{Stride: 2}, g)
	defer nn.Free(conv1)
	defer nn.Free(conv2)
	e := chain{names: []string{"conv1", "relu1", "conv2", "relu2"}, parts: []mem.Encoder{conv1, nn.ReLU{}, conv2, nn.ReLU{}}}

	images, _, err := data.FashionMNIST()
	if err != nil {
		log.Fatal(err)
	}
	views, err := augment.Lookup("demo")
	if err != nil {
		log.Fatal(err)
	}
	units, err := mem.UnitScorer{
		Augment: views, Views: 3, Layers: []string{"relu1", "relu2"}, BatchSize: 32,
	}.Points(context.Background(), e, images, []int{1, 2, 3, 4})
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range units.Layers() {
		fmt.Println(l.Layer, "has", l.Units, "units")
	}
	// Output:
	// relu1 has 6 units
	// relu2 has 8 units
}
