package data_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"sslmem/data"
)

func TestFashionMNIST(t *testing.T) {
	train, test, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range []struct {
		d           *data.Dataset
		n           int
		pixels, lab string
	}{
		{train, 6000, "2ba554505fdb9c5f53b436d6eacb9e5addc07514585177cbda8157c8c081fe90", "9a0be90cc63d4bcdee14855d755b8247fc8a592b00362ef648a416e9048448cf"},
		{test, 1000, "0cb3645fcf8316bd41aaf725c4b4583667c3fb595847635d068d96bf370e1fe8", "ca9badfd5768232ad7cd75286773adb9ae3d3d3162d91b0ad55ed792e5968eca"},
	} {
		d := c.d
		if err := d.Check(); err != nil {
			t.Fatal(err)
		}
		if d.Len() != c.n || d.C != 1 || d.H != 28 || d.W != 28 || len(d.Classes) != 10 {
			t.Errorf("%s: %d images of %d×%d×%d in %d classes", d.Name, d.Len(), d.C, d.H, d.W, len(d.Classes))
		}
		perClass := make([]int, 10)
		labels := make([]byte, d.Len())
		for i, l := range d.Labels {
			perClass[l]++
			labels[i] = byte(l)
			if key := string(d.Image(i)); seen[key] {
				t.Errorf("%s: image %d is there twice", d.Name, i)
			} else {
				seen[key] = true
			}
		}
		for l, n := range perClass {
			if n != c.n/10 {
				t.Errorf("%s: %d images of class %d", d.Name, n, l)
			}
		}
		if got := sum(d.Pixels); got != c.pixels {
			t.Errorf("%s: pixels have SHA-256 %s", d.Name, got)
		}
		if got := sum(labels); got != c.lab {
			t.Errorf("%s: labels have SHA-256 %s", d.Name, got)
		}
	}
	// Known of the full training set: mean .2860, standard deviation .3530.
	total, squares := 0., 0.
	for _, v := range train.Pixels {
		x := float64(v) / 255
		total, squares = total+x, squares+x*x
	}
	n := float64(len(train.Pixels))
	mean := total / n
	if std := math.Sqrt(squares/n - mean*mean); math.Abs(mean-0.2860) > 0.005 || math.Abs(std-0.3530) > 0.005 {
		t.Errorf("mean %.4f and standard deviation %.4f are not those of Fashion-MNIST", mean, std)
	}
	train.Name = "changed"
	if again, _, _ := data.FashionMNIST(); again.Name == "changed" || &again.Pixels[0] != &train.Pixels[0] {
		t.Error("calls must share pixels but not the Dataset itself")
	}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// TestIndices: the list of original places is complete, ascending and in range.
func TestIndices(t *testing.T) {
	b, err := os.ReadFile("fashionmnist/indices.json")
	if err != nil {
		t.Fatal(err)
	}
	var indices map[string][]int
	if err := json.Unmarshal(b, &indices); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]int{"train": {6000, 60000}, "t10k": {1000, 10000}} {
		idx := indices[name]
		if len(idx) != c[0] || !slices.IsSorted(idx) || idx[0] < 0 || idx[len(idx)-1] >= c[1] || len(slices.Compact(slices.Clone(idx))) != c[0] {
			t.Errorf("%s: not %d ascending indices below %d", name, c[0], c[1])
		}
	}
}

// TestOfficialFiles compares with the official files where FASHION_MNIST names
// their folder.
func TestOfficialFiles(t *testing.T) {
	dir := os.Getenv("FASHION_MNIST")
	if dir == "" {
		t.Skip("FASHION_MNIST does not name the folder of the official files")
	}
	train, test, err := data.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("fashionmnist/indices.json")
	if err != nil {
		t.Fatal(err)
	}
	var indices map[string][]int
	if err := json.Unmarshal(b, &indices); err != nil {
		t.Fatal(err)
	}
	carriedTrain, carriedTest, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		official, carried *data.Dataset
		idx               []int
	}{{train, carriedTrain, indices["train"]}, {test, carriedTest, indices["t10k"]}} {
		want := c.official.Subset(c.idx)
		if !slices.Equal(want.Pixels, c.carried.Pixels) || !slices.Equal(want.Labels, c.carried.Labels) || !slices.Equal(want.Classes, c.carried.Classes) {
			t.Errorf("%s is not the part of the official files that indices.json names", c.carried.Name)
		}
	}
}
