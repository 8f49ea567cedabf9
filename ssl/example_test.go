package ssl_test

import (
	"context"
	"fmt"
	"math"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/ssl"
	"sslmem/torch"
)

// A small encoder, trained on the first 64 images of Fashion-MNIST.
func ExampleLoop() {
	images, _, err := data.FashionMNIST()
	if err != nil {
		fmt.Println(err)
		return
	}
	views, err := augment.Lookup("demo")
	if err != nil {
		fmt.Println(err)
		return
	}
	index := make([]int, 64)
	for i := range index {
		index[i] = i
	}
	loop := ssl.Loop{
		Recipe: ssl.Recipe{
			Method: "simclr", Model: "resnet9", Width: 4, Epochs: 2, BatchSize: 16,
			Optimizer: ssl.Optimizer{Name: "adam", LR: 1e-3, WarmupEpochs: 1},
			Augment:   views,
			Options:   map[string]any{"temperature": .1, "projector": []int{32, 16}},
		},
		Data: images, Index: index, Seed: 1,
		Report: func(p ssl.Progress) {
			if p.EpochEnd {
				fmt.Printf("epoch %d of %d after %d steps, lr %.5f\n", p.Epoch, p.Epochs, p.Step, p.LR)
			}
		},
	}
	trainer, err := loop.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ssl.Free(trainer)
	fmt.Println("features of an image:", trainer.Encoder().Features())
	// Output:
	// epoch 1 of 2 after 4 steps, lr 0.00075
	// epoch 2 of 2 after 8 steps, lr 0.00015
	// features of an image: 32
}

// Projections that are all equal tell nothing: the partner is one of 2B − 1.
func ExampleNTXent() {
	s := torch.NewScope()
	defer s.Close()
	const images = 4
	z := s.Ones([]int{2 * images, 16}, torch.Float64, torch.CPU)
	fmt.Printf("%.6f = ln 7 = %.6f\n", ssl.NTXent(z, .5).Item(), math.Log(7))
	// Output:
	// 1.945910 = ln 7 = 1.945910
}

// Where nothing tells the key from the negatives, it is one of 1 + K.
func ExampleInfoNCE() {
	s := torch.NewScope()
	defer s.Close()
	q := s.Ones([]int{2, 4}, torch.Float64, torch.CPU)
	queue := s.Full([]int{4, 9}, .5, torch.Float64, torch.CPU)
	fmt.Printf("%.6f = ln 10 = %.6f\n", ssl.InfoNCE(q, q, queue, .2).Item(), math.Log(10))
	// Output:
	// 2.302585 = ln 10 = 2.302585
}

// The length of a row does not matter, its direction does.
func ExampleNegativeCosine() {
	s := torch.NewScope()
	defer s.Close()
	p := torch.FromSlice(s, []float64{1, 0}, 1, 2)
	for _, z := range [][]float64{{5, 0}, {3, 4}, {-2, 0}} {
		fmt.Printf("%.1f\n", ssl.NegativeCosine(p, torch.FromSlice(s, z, 1, 2)).Item())
	}
	// Output:
	// -1.0
	// -0.6
	// 1.0
}

// A teacher and a student that prefer none of 16 prototypes. The image has two global
// views, which both see, and a local one.
func ExampleDINOLoss() {
	s := torch.NewScope()
	defer s.Close()
	const images, prototypes = 1, 16
	student := s.Zeros([]int{3 * images, prototypes}, torch.Float64, torch.CPU)
	teacher := s.Zeros([]int{2 * images, prototypes}, torch.Float64, torch.CPU)
	loss := ssl.DINOLoss(student, teacher, nil, images, .1, .04)
	fmt.Printf("%.6f = ln 16 = %.6f\n", loss.Item(), math.Log(prototypes))
	// Output:
	// 2.772589 = ln 16 = 2.772589
}
