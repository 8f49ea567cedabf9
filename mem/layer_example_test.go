package mem_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/mem"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// Where in the network is an image memorized? The second layer of these made-up
// encoders adds most.
func ExampleLayerScores_Table() {
	layers := []string{"conv1", "conv2", "conv3"}
	s := mem.NewLayerScores(layers, [mem.NumSets][]int{mem.Candidate: {4, 8}}, nil)
	err := s.AddPair(mem.LayerLosses{Layers: layers, Losses: []mem.PairLoss{
		{Seed: 1, F: []float64{.30, .40}, G: []float64{.34, .40}},
		{Seed: 1, F: []float64{.20, .30}, G: []float64{.60, .40}},
		{Seed: 1, F: []float64{.20, .30}, G: []float64{.60, .50}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	table, err := s.Table(mem.Candidate, 1)
	if err != nil {
		log.Fatal(err)
	}
	if err := table.WriteText(os.Stdout); err != nil {
		log.Fatal(err)
	}
	fmt.Println("\nmost is added by", table.ByDelta()[0].Layer)
	// Output:
	// LayerMem of S_C (seen by f only), (L_g − L_f)/(L_g + L_f): 2 points, 1 f/g pair
	//
	//   layer                      LayerMem           95 % CI     SD  mean − S_E       Δ  Δ from  most 1  least 1
	//   conv1                        +0.031  [-0.366, +0.428]  0.044           –       –       –  +0.063   +0.000
	//   conv2                        +0.321  [-1.948, +2.590]  0.253           –  +0.290   conv1  +0.500   +0.143
	//   conv3                        +0.375  [-1.213, +1.963]  0.177           –  +0.054   conv2  +0.500   +0.250
	//
	// most is added by conv2
}

// Two encoders that were never trained have memorized nothing.
func ExampleScorer_Layers() {
	images, _, err := data.FashionMNIST()
	if err != nil {
		log.Fatal(err)
	}
	views, err := augment.Lookup("demo")
	if err != nil {
		log.Fatal(err)
	}
	var e [2]models.Backbone
	for i := range e {
		e[i], err = models.New(models.Config{Model: "resnet9", Width: 4, InChannels: 1}, torch.NewGenerator(uint64(i), torch.CPU))
		if err != nil {
			log.Fatal(err)
		}
		defer nn.Free(e[i])
		nn.SetTraining(e[i], false)
	}
	c := mem.Scorer{Augment: views, Views: 4, Seed: 1, Distance: mem.L2, BatchSize: 64}
	points := []int{5, 6, 7}
	l, err := c.Layers(context.Background(), e[0], e[1], images, points, mem.LayerOptions{
		Layers: []string{"conv1.0", "res1.1.0", mem.FeaturesLayer},
	}, 0)
	if err != nil {
		log.Fatal(err)
	}
	for i, layer := range l.Layers {
		fmt.Printf("%s: %d losses of f, %d of g\n", layer, len(l.Losses[i].F), len(l.Losses[i].G))
	}
	// Output:
	// conv1.0: 3 losses of f, 3 of g
	// res1.1.0: 3 losses of f, 3 of g
	// features: 3 losses of f, 3 of g
}

func ExampleWriteLayersCSV() {
	layers := []string{"conv1", "conv2"}
	s := mem.NewLayerScores(layers, [mem.NumSets][]int{mem.Candidate: {4}}, nil)
	err := s.AddPair(mem.LayerLosses{Layers: layers, Losses: []mem.PairLoss{
		{Seed: 1, F: []float64{.5}, G: []float64{.5}},
		{Seed: 1, F: []float64{.25}, G: []float64{.75}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	table, err := s.Table(mem.Candidate, 1)
	if err != nil {
		log.Fatal(err)
	}
	if err := mem.WriteLayersCSV(os.Stdout, table); err != nil {
		log.Fatal(err)
	}
	// Output:
	// set,layer,part,n,layer_mem,sd,ci_low,ci_high,mean_minus_external,delta,delta_from,extreme,most,least,loss_f,loss_g
	// S_C,conv1,,1,0,,,,,,,1,0,0,0.5,0.5
	// S_C,conv2,,1,0.5,,,,,0.5,conv1,1,0.5,0.5,0.25,0.75
}
