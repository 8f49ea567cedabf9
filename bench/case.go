package main

import (
	"encoding/json"
	"fmt"
	"math"

	"sslmem/cli"
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/ssl"
)

// seed is of everything that a benchmark draws.
const seed = 1

// A stepCase is one training step to be measured.
type stepCase struct {
	name     string
	title    string
	channels int
	threads  int // 0 means as many as the flag says
	recipe   ssl.Recipe
}

// cases lists the steps of part train.
func cases() []stepCase {
	demo := cli.Defaults()
	small := fmt.Sprintf("ResNet-9 of width %d, 2×%d views of 1×%d×%[3]d", demo.Recipe.Width, demo.Recipe.BatchSize, demo.Recipe.Augment.Size)
	return []stepCase{
		{
			name: "resnet18", title: "ResNet-18, 2×64 views of 3×32×32", channels: 3,
			recipe: ssl.Recipe{
				Method: "simclr", Model: "resnet18", Width: 64, Epochs: 1, BatchSize: 64,
				Optimizer: ssl.Optimizer{Name: "adam", LR: 1e-3}, Augment: sized("simclr-cifar", 32),
				Options: map[string]any{"temperature": .5, "projector": []int{512, 128}},
			},
		},
		{name: "small", title: small, channels: 1, recipe: demo.Recipe},
		{name: "demo", title: small + ", as the demo runs it", channels: 1, threads: demo.Threads, recipe: demo.Recipe},
	}
}

func sized(name string, size int) augment.Recipe {
	r, err := augment.Lookup(name)
	if err != nil {
		panic(err) // the names above are constants
	}
	r.Size = size
	return r
}

// shape is of the batch of views, [2·BatchSize, C, Size, Size].
func (c stepCase) shape() []int {
	return []int{2 * c.recipe.BatchSize, c.channels, c.recipe.Augment.Size, c.recipe.Augment.Size}
}

// views draws a batch: standard normal pixels, as the time of a step does not
// depend on what the pictures show.
func (c stepCase) views() []float32 {
	shape := c.shape()
	pixels := make([]float32, shape[0]*shape[1]*shape[2]*shape[3])
	r := rng.New(seed, rng.Word("bench"))
	for i := range pixels {
		pixels[i] = float32(r.NormFloat64())
	}
	return pixels
}

// lookup returns a case by name.
func lookup(name string) (stepCase, error) {
	for _, c := range cases() {
		if c.name == name {
			return c, nil
		}
	}
	return stepCase{}, fmt.Errorf("there is no case %q", name)
}

// agree reports whether two answers are equal but for rounding.
func agree(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*max(1, math.Abs(a))
}

// json is what the other side must know of the recipe.
func (c stepCase) json() (string, error) {
	text, err := json.Marshal(c.recipe)
	if err != nil {
		return "", fmt.Errorf("cannot write the recipe: %w", err)
	}
	return string(text), nil
}
