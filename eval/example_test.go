package eval_test

import (
	"context"
	"fmt"
	"log"

	"sslmem/eval"
	"sslmem/torch"
)

// Six training images in two clusters and three test images, one of which lies
// with the wrong ones.
func ExampleKNN() {
	s := torch.NewScope()
	defer s.Close()
	names := []string{"cat", "dog"}
	train := eval.Set{
		X:      torch.FromSlice(s, []float32{0, 0, 1, 0, 0, 1, 5, 5, 6, 5, 5, 6}, 6, 2),
		Labels: []int{0, 0, 0, 1, 1, 1},
		Names:  names,
	}
	test := eval.Set{
		X:      torch.FromSlice(s, []float32{1, 1, 5, 4, 4, 4}, 3, 2),
		Labels: []int{0, 1, 0},
		Names:  names,
	}
	o := eval.KNNOptions{K: 3, Distance: eval.Euclidean, Weights: eval.Uniform}
	result, err := eval.KNN(context.Background(), train, test, o)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result)
	for _, c := range result.PerClass {
		fmt.Printf("%s %.2f of %d\n", c.Class, c.Top1, c.N)
	}
	// Output:
	// top-1 66.7 % (95 % CI 20.8 to 93.9), top-5 100.0 %, n = 3
	// cat 0.50 of 2
	// dog 1.00 of 1
}

func ExampleKNNConvention() {
	for _, name := range eval.KNNConventions() {
		o, err := eval.KNNConvention(name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, o.K, o.Distance, o.Weights, o.Temperature)
	}
	// Output:
	// wu 200 cosine exp 0.07
	// lightly 200 cosine exp 0.1
	// dino 20 cosine exp 0.07
	// solo 20 euclidean inverse 0
	// majority 5 euclidean uniform 0
}

// Two classes in the plane that a line tells apart, and a third test image
// beyond it.
func ExampleLinearProbe() {
	s := torch.NewScope()
	defer s.Close()
	names := []string{"cat", "dog"}
	train := eval.Set{
		X:      torch.FromSlice(s, []float32{0, 0, 1, 0, 0, 1, 5, 5, 6, 5, 5, 6}, 6, 2),
		Labels: []int{0, 0, 0, 1, 1, 1},
		Names:  names,
	}
	test := eval.Set{
		X:      torch.FromSlice(s, []float32{1, 1, 5, 4, 4, 4}, 3, 2),
		Labels: []int{0, 1, 0},
		Names:  names,
	}
	o := eval.ProbeOptions{Method: "lbfgs", WeightDecay: .01, Standardize: true}
	r, err := eval.LinearProbe(context.Background(), train, test, o)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("top-1 %.2f, on the training set %.2f, loss %.3f\n", r.Top1, r.TrainTop1, r.Loss)
	fmt.Println("the gradient is below 1e-6:", r.Gradient < 1e-6)
	// Output:
	// top-1 0.67, on the training set 1.00, loss 0.012
	// the gradient is below 1e-6: true
}

func ExampleWilson() {
	low, high := eval.Wilson(45, 50)
	fmt.Printf("%.3f to %.3f\n", low, high)
	// Output:
	// 0.786 to 0.957
}

// Features that use three of four dimensions evenly, and features that have
// collapsed onto one direction.
func ExampleRankMe() {
	s := torch.NewScope()
	defer s.Close()
	for _, x := range []*torch.Tensor{
		torch.FromSlice(s, []float32{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, 3, 4),
		torch.FromSlice(s, []float32{1, 2, 3, 4, 2, 4, 6, 8, 3, 6, 9, 12}, 3, 4),
	} {
		rank, err := eval.RankMe(x)
		if err != nil {
			log.Fatal(err)
		}
		spread, err := eval.Spread(x)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("rank %.2f, spread %.2f\n", rank, spread)
	}
	// Output:
	// rank 3.00, spread 0.43
	// rank 1.00, spread 0.00
}
