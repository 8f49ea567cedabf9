package data_test

import (
	"fmt"

	"sslmem/data"
)

// Splits for a pair of encoders on the carried images.
func Example() {
	train, _, err := data.FashionMNIST()
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := data.Draw(train.Len(), data.SplitSizes{Shared: 1000, Candidate: 500, Independent: 500, External: 500}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	f, g := train.Subset(s.F()), train.Subset(s.G())
	fmt.Println(f.Len(), g.Len(), f.C, f.H, f.W)
	fmt.Println(train.Classes[train.Labels[0]])
	// Output:
	// 1500 1500 1 28 28
	// Sandal
}

// Sizes that do not fit are refused with what to change.
func ExampleDraw() {
	_, err := data.Draw(6000, data.SplitSizes{Shared: 5000, Candidate: 500, Independent: 500, External: 500}, 1)
	fmt.Println(err)
	// Output: data: the splits need 6500 images (shared 5000, candidate 500, independent 500, external 500), but the data set has only 6000: lower these sizes by 500 in all
}

// What lies at a path is recognised by its content.
func ExampleOpenSet() {
	set, err := data.OpenSet("testdata/official/stl10_binary.tar.gz#train+unlabeled")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer set.Close()
	fmt.Println(set.Format)
	fmt.Println(set.Train.Len(), "images for training,", set.Test.Len(), "for the test")
	fmt.Println("labels of the first and the last:", set.Train.Label(0), set.Train.Label(6))
	// Output:
	// STL-10, binary
	// 7 images for training, 2 for the test
	// labels of the first and the last: 0 -1
}

// Pictures of many sizes are brought to one.
func ExampleLoad() {
	set, err := data.OpenSet("testdata/official/folder")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer set.Close()
	train, err := data.Load(set.Train, 8)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(train.Len(), train.C, train.H, train.W, train.ClassName(8))
	// Output: 9 3 8 8 é
}
