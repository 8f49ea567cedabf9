package nearest_test

import (
	"fmt"

	"sslmem/internal/nearest"
)

func ExampleWord() {
	fmt.Println(nearest.Word("fashion", []string{"cifar10", "fashion-mnist"}))
	fmt.Println(nearest.Word("fashon_mnist", []string{"cifar10", "fashion-mnist"}))
	// Output:
	//  false
	// fashion-mnist true
}
