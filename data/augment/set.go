package augment

import "slices"

// A Set is the recipes of all views that a method draws of one image, which
// may differ, in what is done to them and in size.
type Set struct {
	Name string `json:"name" toml:"name"`
	// Views holds the recipe of view 0, 1, … as Key.View counts them.
	Views []Recipe `json:"views" toml:"views"`
	// Mask hides patches of the views; the zero value hides none.
	Mask Mask `json:"mask" toml:"mask"`
}

// sets are the sets whose views differ or are masked. All others are two views
// of one recipe.
var sets = []Set{
	// BYOL and Barlow Twins on CIFAR: arXiv 2006.07733 and 2103.03230 without
	// blur, as lightly and solo-learn train them.
	pair("byol-cifar", crop("", 0.08).colors(0.4, 0.4, 0.2, 0.1, 0.8, 0.2), Recipe.withSolarize),
	pair("barlow-cifar", crop("", 0.08).colors(0.4, 0.4, 0.2, 0.1, 0.8, 0.2), Recipe.withSolarize),
	// DINO on CIFAR as lightly trains it: arXiv 2104.14294 without local views.
	pair("dino-cifar", crop("", 0.4).colors(0.4, 0.4, 0.2, 0.1, 0.8, 0.2), Recipe.withSolarize),
	{Name: "mae-cifar", Views: []Recipe{crop("mae-cifar", 0.2).bicubic()}, Mask: Mask{Patch: 2, Ratio: 0.75}},
	// The masking of arXiv 2409.19069, which changes nothing else.
	{Name: "masking", Views: []Recipe{{Name: "masking"}}, Mask: Mask{Patch: 2, Ratio: 0.75}},

	// The pair of BYOL, arXiv 2006.07733, appendix B, which the official code of
	// Barlow Twins and VICReg took over, and, with a bilinear crop, that of MoCo v3.
	pair("byol-224", global(0.08).bicubic(), Recipe.withRareBlur),
	pair("barlow-224", global(0.08).bicubic(), Recipe.withRareBlur),
	pair("vicreg-224", global(0.08).bicubic(), Recipe.withRareBlur),
	pair("moco-224", global(0.08), Recipe.withRareBlur),
	dino(),
	{Name: "mae-224", Views: []Recipe{crop("mae-224", 0.2).sized(224).bicubic()}, Mask: Mask{Patch: 16, Ratio: 0.75}},
}

// global is the first view of BYOL's pair.
func global(scale float64) Recipe {
	return crop("", scale).sized(224).colors(0.4, 0.4, 0.2, 0.1, 0.8, 0.2).blurred(1)
}

func (r Recipe) withSolarize() Recipe { return r.solarized(0.2) }
func (r Recipe) withRareBlur() Recipe { return r.blurred(0.1).solarized(0.2) }

// pair returns the set of a view and another that is changed from it.
func pair(name string, first Recipe, change func(Recipe) Recipe) Set {
	first.Name = name
	return Set{Name: name, Views: []Recipe{first, change(first)}}
}

// dino is the multi-crop of arXiv 2104.14294, section 4.1 and official code: two
// global views and eight local ones.
func dino() Set {
	s := pair("dino-224", global(0.4).bicubic(), Recipe.withRareBlur)
	local := crop("dino-224", 0.05).sized(96).bicubic().colors(0.4, 0.4, 0.2, 0.1, 0.8, 0.2).blurred(0.5)
	local.ScaleMax = 0.4
	for range 8 {
		s.Views = append(s.Views, local)
	}
	return s
}

// SetNames returns the names that LookupSet knows: those of Names and those of
// sets whose views differ.
func SetNames() []string {
	names := Names()
	for _, s := range sets {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

// LookupSet returns the set with the given name, two views of one recipe if it
// is the name of a recipe. The error for an unknown name says which names are
// nearest to it.
func LookupSet(name string) (Set, error) {
	for _, s := range sets {
		if s.Name == name {
			s.Views = slices.Clone(s.Views)
			return s, nil
		}
	}
	for _, known := range Names() {
		if known == name {
			r, err := Lookup(name)
			return Set{Name: name, Views: []Recipe{r, r}}, err
		}
	}
	return Set{}, unknown("set", name, SetNames())
}
