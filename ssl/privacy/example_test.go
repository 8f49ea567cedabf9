package privacy_test

import (
	"fmt"

	"sslmem/ssl/privacy"
)

// Fifteen epochs on 60,000 images in batches of 150 with the noise 1.3, the first example
// of TensorFlow Privacy.
func Example() {
	var a privacy.Accountant
	if err := a.Compose(1.3, 150./60000, 15*400); err != nil {
		fmt.Println(err)
		return
	}
	spent, err := a.Epsilon(1e-5, privacy.Improved)
	fmt.Printf("ε %.3f, δ %g at order %g, %v\n", spent.Epsilon, spent.Delta, spent.Order, err)
	// Output: ε 0.724, δ 1e-05 at order 19, <nil>
}

func ExampleNoiseMultiplier() {
	sigma, err := privacy.NoiseMultiplier(8, 1e-3, 70./350, 300*5)
	fmt.Printf("%.3f %v\n", sigma, err)
	// Output: 4.103 <nil>
}
