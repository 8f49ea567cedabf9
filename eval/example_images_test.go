package eval_test

import (
	"context"
	"fmt"
	"log"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/views"
	"sslmem/eval"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// someImages returns Fashion-MNIST, the first 200 places of each part, a recipe
// that is fitted to the training images, and an encoder that knows nothing yet.
func someImages() (train, test *data.Dataset, first []int, recipe augment.Recipe, encoder models.Backbone) {
	train, test, err := data.FashionMNIST()
	if err == nil {
		recipe, err = augment.Lookup("demo")
	}
	if err == nil {
		recipe, err = views.Fit(recipe, train)
	}
	if err == nil {
		encoder, err = models.New(models.Config{Model: "resnet9", Width: 4, InChannels: 1}, torch.NewGenerator(1, torch.CPU))
	}
	if err != nil {
		log.Fatal(err)
	}
	for i := range 200 {
		first = append(first, i)
	}
	return train, test, first, recipe, encoder
}

// The features of some images by an encoder whose weights are random, and how
// well their neighbors tell the classes.
func ExampleFeatures() {
	train, test, first, recipe, encoder := someImages()
	defer nn.Free(encoder)
	s := torch.NewScope()
	defer s.Close()
	ctx := context.Background()
	o := eval.FeatureOptions{Augment: recipe, Index: first, BatchSize: 64}
	learn, err := eval.Features(ctx, s, encoder, train, o)
	if err != nil {
		log.Fatal(err)
	}
	ask, err := eval.Features(ctx, s, encoder, test, o)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ask.X.Shape(), ask.Names[ask.Labels[0]])
	dino, err := eval.KNNConvention("dino")
	if err != nil {
		log.Fatal(err)
	}
	result, err := eval.KNN(ctx, learn, ask, dino)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("better than a guess:", result.Top1Low > .1)
	// Output:
	// [200 32] Pullover
	// better than a guess: true
}

// Features of any number of images take the memory of one batch.
func ExampleEachFeatures() {
	train, _, first, recipe, encoder := someImages()
	defer nn.Free(encoder)
	o := eval.FeatureOptions{Augment: recipe, Index: first, BatchSize: 128}
	err := eval.EachFeatures(context.Background(), encoder, train, o, func(index []int, y *torch.Tensor) error {
		fmt.Println("images from", index[0], "on:", y.Shape())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// images from 0 on: [128 32]
	// images from 128 on: [72 32]
}

// The encoder is afterwards what it was before.
func ExampleFineTune() {
	train, test, first, recipe, encoder := someImages()
	defer nn.Free(encoder)
	result, err := eval.FineTune(context.Background(), encoder, train, test, eval.FineTuneOptions{
		Augment: recipe, TrainIndex: first, TestIndex: first,
		Optimizer: "adamw", LR: 1e-2, Epochs: 4, WarmupEpochs: 1, BatchSize: 20, Seed: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d steps, %d test images, better than a guess: %v\n", result.Steps, result.N, result.Top1Low > .1)
	// Output:
	// 40 steps, 200 test images, better than a guess: true
}
