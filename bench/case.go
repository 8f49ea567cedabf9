package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"sslmem/cli"
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/models"
	"sslmem/ssl"
	"sslmem/ssl/recipes"
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

// classes is how many the labels of a batch have.
const classes = 10

// demoCases are the steps of the demo.
func demoCases() []stepCase {
	demo := cli.Defaults()
	small := fmt.Sprintf("SimCLR, ResNet-9 of width %d, 2×%d views of 1×%d×%[3]d", demo.Recipe.Width, demo.Recipe.BatchSize, demo.Recipe.Augment.Size)
	return []stepCase{
		{name: "small", title: small, channels: 1, recipe: demo.Recipe},
		{name: "demo", title: small + ", as the demo runs it", channels: 1, threads: demo.Threads, recipe: demo.Recipe},
	}
}

// stepBatch is the number of images of a step at CIFAR size: small enough for all
// methods to be measured in one go on two cores.
const stepBatch = 16

// A backbone is an encoder at CIFAR size.
type backbone struct {
	title, model string
	patch        int
}

func backbones() []backbone {
	return []backbone{{"ResNet-18", "resnet18", 0}, {"ViT-tiny/4", "vit_tiny", 4}}
}

// cifarCases are the steps of a method at CIFAR size: with both encoders, in both
// precisions. The heads are those of its recipe for CIFAR.
func cifarCases(method string) ([]stepCase, error) {
	entry, err := recipes.Lookup(method + "-cifar")
	if err != nil {
		return nil, err
	}
	m, err := ssl.LookupMethod(method)
	if err != nil {
		return nil, err
	}
	var cases []stepCase
	for _, b := range backbones() {
		for _, precision := range []ssl.Precision{ssl.FP32, ssl.BF16} {
			r := entry.Recipe
			if b.patch == 0 && models.TakesImageSize(r.Model) {
				continue // of a method that needs a ViT
			}
			r.Model, r.Width, r.PatchSize, r.Stem = b.model, 0, b.patch, ""
			if b.patch == 0 {
				r.Pool, r.PosEmbed = "", ""
			}
			r.BatchSize, r.Precision, r.Accumulate = stepBatch, precision, 1
			r.Optimizer = ssl.Optimizer{Name: "adamw", LR: 1e-3, WeightDecay: .05}
			r.Augment = sized("simclr-cifar", 32)
			r.Second, r.Local, r.LocalViews = nil, nil, 0
			cases = append(cases, stepCase{
				name: fmt.Sprintf("%s/%s/%s", method, b.model, precision), channels: 3, recipe: r,
				title: fmt.Sprintf("%s, %s, %d×%d views of 3×32×32, %s", m.Title, b.title, m.Views, stepBatch, precision),
			})
		}
	}
	return cases, nil
}

func sized(name string, size int) augment.Recipe {
	r, err := augment.Lookup(name)
	if err != nil {
		panic(err) // the names above are constants
	}
	r.Size = size
	return r
}

// shape is of the batch of views, [V·BatchSize, C, Size, Size].
func (c stepCase) shape() []int {
	return []int{len(c.recipe.Views()) * c.recipe.BatchSize, c.channels, c.recipe.Augment.Size, c.recipe.Augment.Size}
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
	cases := demoCases()
	if method, _, ok := strings.Cut(name, "/"); ok {
		var err error
		if cases, err = cifarCases(method); err != nil {
			return stepCase{}, err
		}
	}
	for _, c := range cases {
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
