package augment

import (
	"fmt"
	"slices"
	"strings"
)

// crop returns a recipe with the crop and flip that all methods share: an area
// from scale of the image on, torchvision's ratios, left and right exchanged in
// half of the views.
func crop(name string, scale float64) Recipe {
	return Recipe{Name: name, ScaleMin: scale, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3, Flip: 0.5}
}

// colors returns r with a jitter of the given strengths in a share p of the
// views, and grey ones.
func (r Recipe) colors(brightness, contrast, saturation, hue, p, gray float64) Recipe {
	r.Brightness, r.Contrast, r.Saturation, r.Hue, r.JitterP, r.Gray = brightness, contrast, saturation, hue, p, gray
	return r
}

// blurred returns r with the blur of SimCLR in a share p of the views.
func (r Recipe) blurred(p float64) Recipe {
	r.Blur, r.BlurMin, r.BlurMax = p, 0.1, 2
	return r
}

func (r Recipe) solarized(p float64) Recipe {
	r.Solarize = p
	return r
}

func (r Recipe) bicubic() Recipe {
	r.Interpolation = Bicubic
	return r
}

func (r Recipe) sized(size int) Recipe {
	r.Size = size
	return r
}

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
	// B.9 with strength .5. MoCo is trained with the same.
	crop("simclr-cifar", 0.08).colors(0.4, 0.4, 0.4, 0.1, 0.8, 0.2),
	crop("moco-cifar", 0.08).colors(0.4, 0.4, 0.4, 0.1, 0.8, 0.2),
	// SimSiam on CIFAR-10: Chen and He, arXiv 2011.10566, appendix D.
	crop("simsiam-cifar", 0.2).colors(0.4, 0.4, 0.4, 0.1, 0.8, 0.2),
	// VICReg on CIFAR as solo-learn trains it.
	crop("vicreg-cifar", 0.2).colors(0.4, 0.4, 0.2, 0.1, 0.8, 0.2).solarized(0.1),
	// Masked autoencoders: He et al., arXiv 2111.06377.
	crop("mae-cifar", 0.2).bicubic(),

	// The three strengths of the studies of memorization, listed in appendix B
	// of Wang et al., arXiv 2409.19069. Where the paper prints a flip with
	// probability 1, it is .5 here: a flip of every view alike augments nothing.
	crop("weak", 0.08).colors(0.9, 0.9, 0.9, 0.5, 0.4, 0.1),
	crop("normal", 0.08).colors(0.8, 0.8, 0.8, 0.2, 0.8, 0.2),
	{
		Name:     "strong",
		ScaleMin: 0.08, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3, Flip: 0.5, VFlip: 0.5,
		Brightness: 0.8, Contrast: 0.8, Saturation: 0.8, Hue: 0.2, JitterP: 0.9, Gray: 0.5,
	},
	// The set of the same appendix that shares nothing but the crop with those
	// above. Its kernel of 4 pixels is none, as kernels have a middle; 5 here.
	{
		Name:     "independent",
		ScaleMin: 0.08, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3, VFlip: 0.5,
		Blur: 0.8, BlurMin: 0.1, BlurMax: 5, BlurKernel: 5, Invert: 0.2,
	},

	// SimCLR on ImageNet, arXiv 2002.05709, appendix A.
	crop("simclr-224", 0.08).sized(224).colors(0.8, 0.8, 0.8, 0.2, 0.8, 0.2).blurred(0.5),
	// SimSiam on ImageNet, arXiv 2011.10566, section 4, which is MoCo v2's.
	crop("simsiam-224", 0.2).sized(224).colors(0.4, 0.4, 0.4, 0.1, 0.8, 0.2).blurred(0.5),
	crop("mae-224", 0.2).sized(224).bicubic(),
	// Training from labels on ImageNet, as torchvision's first recipes have it: He et
	// al., arXiv 1512.03385, with the crops of Szegedy et al., arXiv 1409.4842.
	crop("supervised-224", 0.08).sized(224),
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
	if slices.ContainsFunc(sets, func(s Set) bool { return s.Name == name }) {
		return Recipe{}, fmt.Errorf("augment: %q has different recipes for its views; see LookupSet", name)
	}
	return Recipe{}, unknown("recipe", name, Names())
}

// unknown says that nothing is called name and which names are nearest to it.
func unknown(what, name string, names []string) error {
	near := slices.Clone(names)
	slices.SortStableFunc(near, func(a, b string) int { return distance(name, a) - distance(name, b) })
	return fmt.Errorf("augment: no %s is called %q; did you mean %s? (all: %s)",
		what, name, strings.Join(near[:2], " or "), strings.Join(names, ", "))
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
