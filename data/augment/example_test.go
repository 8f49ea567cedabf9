package augment_test

import (
	"fmt"

	"sslmem/data"
	"sslmem/data/augment"
)

// Two views of each image of a batch, as a contrastive method wants them.
func Example() {
	train, _, err := data.FashionMNIST()
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := augment.Lookup("simclr-cifar")
	if err != nil {
		fmt.Println(err)
		return
	}
	r = r.Fit(train) // size and normalisation of these images

	idx := []int{4, 8, 15, 16, 23, 42}
	x := make([]float32, 2*len(idx)*train.C*r.Size*r.Size)
	for view := range 2 {
		half := x[view*len(x)/2 : (view+1)*len(x)/2]
		if err := r.Batch(half, train, idx, augment.Key{Seed: 1, Epoch: 0, View: view}, 0); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("%d views of %d×%d pixels\n", 2*len(idx), r.Size, r.Size)
	// Output: 12 views of 28×28 pixels
}

// A view made with chosen parameters: the right half of an image, brighter.
func ExampleRecipe_Apply() {
	img := []uint8{
		0, 0, 50, 100,
		0, 0, 100, 200,
	}
	r := augment.Recipe{Size: 2}
	p := r.Draw(augment.Key{}, 0, 2, 4) // this recipe changes nothing …
	p.Left, p.Width, p.Brightness = 2, 2, 1.5

	view := make([]float32, 4)
	if err := r.Apply(view, img, 1, 2, 4, p); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n", view)
	// Output: [0.294 0.588 0.588 1.000]
}

func ExampleLookup() {
	_, err := augment.Lookup("simclr")
	fmt.Println(err)
	// Output: augment: no recipe is called "simclr"; did you mean simclr-cifar or simclr-224? (all: demo, simclr-cifar, moco-cifar, simsiam-cifar, vicreg-cifar, mae-cifar, weak, normal, strong, independent, simclr-224, simsiam-224, mae-224, supervised-224)
}

// The views of DINO differ in size and in what is done to them.
func ExampleLookupSet() {
	dino, err := augment.LookupSet("dino-224")
	if err != nil {
		fmt.Println(err)
		return
	}
	for v, r := range dino.Views[:3] {
		fmt.Printf("view %d: %d pixels, area %g to %g, blur %g, solarize %g\n", v, r.Size, r.ScaleMin, r.ScaleMax, r.Blur, r.Solarize)
	}
	fmt.Println("views in all:", len(dino.Views))
	// Output:
	// view 0: 224 pixels, area 0.4 to 1, blur 1, solarize 0
	// view 1: 224 pixels, area 0.4 to 1, blur 0.1, solarize 0.2
	// view 2: 96 pixels, area 0.05 to 0.4, blur 0.5, solarize 0
	// views in all: 10
}

// A masked autoencoder sees a quarter of the patches.
func ExampleMask() {
	m := augment.Mask{Patch: 16, Ratio: 0.75}
	order := make([]int, m.Patches(64))
	m.Draw(order, augment.Key{Seed: 1}, 17)
	fmt.Println("visible:", order[:m.Visible(64)])
	// Output: visible: [8 12 9 1]
}
