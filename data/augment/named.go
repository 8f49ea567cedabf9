package augment

import (
	"fmt"
	"slices"
	"strings"
)

// recipes are the recipes that have a name. Size, Mean and Std are open where
// the source does not tie them to one data set; Fit fills them.
var recipes = []Recipe{
	// For quick runs on small grey images, normalised for Fashion-MNIST. Milder
	// crops than SimCLR's, as a crop of 8 % of 28×28 pixels shows hardly anything.
	{
		Name: "demo", Size: 28,
		ScaleMin: 0.4, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3, Flip: 0.5,
		Brightness: 0.4, Contrast: 0.4, JitterP: 0.8,
		Mean: []float32{0.2860}, Std: []float32{0.3530},
	},
	// SimCLR on CIFAR-10 without blur: Chen et al., arXiv 2002.05709, appendix
	// B.9 with strength .5.
	{
		Name:     "simclr-cifar",
		ScaleMin: 0.08, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3, Flip: 0.5,
		Brightness: 0.4, Contrast: 0.4, Saturation: 0.4, Hue: 0.1, JitterP: 0.8, Gray: 0.2,
	},
	// SimSiam on CIFAR-10: Chen and He, arXiv 2011.10566, appendix D.
	{
		Name:     "simsiam-cifar",
		ScaleMin: 0.2, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3, Flip: 0.5,
		Brightness: 0.4, Contrast: 0.4, Saturation: 0.4, Hue: 0.1, JitterP: 0.8, Gray: 0.2,
	},
	// The three strengths of the studies of memorization, listed in appendix B
	// of Wang et al., arXiv 2409.19069. Where the paper prints a flip with
	// probability 1, it is .5 here: a flip of every view alike augments nothing.
	{
		Name:     "weak",
		ScaleMin: 0.08, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3, Flip: 0.5,
		Brightness: 0.9, Contrast: 0.9, Saturation: 0.9, Hue: 0.5, JitterP: 0.4, Gray: 0.1,
	},
	{
		Name:     "normal",
		ScaleMin: 0.08, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3, Flip: 0.5,
		Brightness: 0.8, Contrast: 0.8, Saturation: 0.8, Hue: 0.2, JitterP: 0.8, Gray: 0.2,
	},
	{
		Name:     "strong",
		ScaleMin: 0.08, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3, Flip: 0.5, VFlip: 0.5,
		Brightness: 0.8, Contrast: 0.8, Saturation: 0.8, Hue: 0.2, JitterP: 0.9, Gray: 0.5,
	},
}

// Names returns the names that Lookup knows, the one for first steps first.
func Names() []string {
	names := make([]string, len(recipes))
	for i, r := range recipes {
		names[i] = r.Name
	}
	return names
}

// Lookup returns the recipe with the given name. The error for an unknown name
// says which names are nearest to it.
func Lookup(name string) (Recipe, error) {
	for _, r := range recipes {
		if r.Name == name {
			r.Mean, r.Std = slices.Clone(r.Mean), slices.Clone(r.Std)
			return r, nil
		}
	}
	names := Names()
	slices.SortStableFunc(names, func(a, b string) int { return distance(name, a) - distance(name, b) })
	return Recipe{}, fmt.Errorf("augment: no recipe is called %q; did you mean %s? (all: %s)",
		name, strings.Join(names[:2], " or "), strings.Join(Names(), ", "))
}

// distance is the least number of bytes to insert, delete or replace that
// turns a into b, ignoring case, where taking only the first part of b costs
// nothing, so that "simclr" is near "simclr-cifar".
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1) // row[j]: distance of a[:i] and b[:j]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return slices.Min(row)
}
