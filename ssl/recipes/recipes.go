package recipes

import (
	"cmp"
	"embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"sslmem/data"
	"sslmem/internal/config"
	"sslmem/internal/nearest"
	"sslmem/ssl"
)

//go:embed *.toml
var files embed.FS

// An Entry is a recipe with its name.
type Entry struct {
	Name   string     `toml:"-" json:"name"`
	Title  string     `toml:"title" json:"title"`   // what it is for, in a line
	Source string     `toml:"source" json:"source"` // where its numbers are from
	Data   string     `toml:"data" json:"data"`     // the data set, as in the settings of a run
	Recipe ssl.Recipe `toml:"recipe" json:"recipe"`
}

// Size returns the end of the recipe's name: what it is made for, one of Sizes.
func (e Entry) Size() string {
	_, size := split(e.Name)
	if size < 0 {
		return ""
	}
	return Sizes()[size]
}

// Splits returns the sizes of the four sets for f/g pairs that are trained by the
// recipe. Those of CIFAR and ImageNet are the published ones (arXiv 2401.12233 and
// 2409.19069: 50,000 and 100,000 images an encoder, 5,000 of them its own) but for
// S_E, which is taken from S_S; those of the demo are explained in docs/demo.md.
func (e Entry) Splits() data.SplitSizes {
	switch e.Size() {
	case "cifar", "paper":
		return data.SplitSizes{Shared: 35000, Candidate: 5000, Independent: 5000, External: 5000}
	case "imagenet":
		return data.SplitSizes{Shared: 95000, Candidate: 5000, Independent: 5000, External: 5000}
	}
	return data.SplitSizes{Shared: 150, Candidate: 200, Independent: 200, External: 600}
}

// Sizes lists the ends of the names of recipes: what they are made for.
func Sizes() []string { return []string{"demo", "cifar", "imagenet", "paper"} }

// Names lists all recipes: by method, and within a method by size.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // they are part of the program
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".toml"))
	}
	slices.SortFunc(names, func(a, b string) int {
		methodA, sizeA := split(a)
		methodB, sizeB := split(b)
		return cmp.Or(cmp.Compare(methodA, methodB), cmp.Compare(sizeA, sizeB), cmp.Compare(a, b))
	})
	return names
}

// split returns the name of a recipe without its size, and the place of that in Sizes.
func split(name string) (method string, size int) {
	i := strings.LastIndexByte(name, '-')
	return name[:max(i, 0)], slices.Index(Sizes(), name[i+1:])
}

// Lookup returns the recipe of the given name, with all options written out. The
// error for an unknown name says which is nearest to it.
func Lookup(name string) (Entry, error) {
	text, err := files.ReadFile(path.Clean(name) + ".toml")
	if err != nil {
		if near, ok := nearest.Word(name, Names()); ok {
			return Entry{}, fmt.Errorf("unknown recipe %q; did you mean %s? Known are %s", name, near, strings.Join(Names(), ", "))
		}
		return Entry{}, fmt.Errorf("unknown recipe %q; known are %s", name, strings.Join(Names(), ", "))
	}
	return Parse(name, string(text))
}

// Parse reads a recipe from the text of a TOML file such as those of this folder,
// without its ending called name, and checks it.
func Parse(name, text string) (Entry, error) {
	e := Entry{Name: name}
	file := name + ".toml"
	if err := Decode(file, text, &e, &e.Recipe); err != nil {
		return Entry{}, err
	}
	var err error
	if e.Recipe, err = e.Recipe.Complete(); err == nil {
		err = e.Recipe.Check()
	}
	if err != nil {
		return Entry{}, fmt.Errorf("%s: %w", file, err)
	}
	return e, nil
}

// Demo returns the recipe of a method that is as small as the demo.
func Demo(method string) (Entry, error) {
	if _, err := ssl.LookupMethod(method); err != nil {
		return Entry{}, err
	}
	return Lookup(method + "-demo")
}

// keys are those of a recipe on which others rest.
type keys struct {
	Recipe struct {
		Method     string         `toml:"method"`
		AugmentSet string         `toml:"augment_set"`
		Second     map[string]any `toml:"augment_second"`
		Local      map[string]any `toml:"augment_local"`
	} `toml:"recipe"`
}

// Decode is [config.Decode] for settings that hold the recipe r under the key
// recipe. Two of its keys stand for many others: another method brings the recipe
// of its demo, and augment_set the augmentations of that name. What the text says
// besides is put over them.
func Decode(name, text string, settings any, r *ssl.Recipe) error {
	var k keys
	if _, err := toml.Decode(text, &k); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	before := *r
	if m := k.Recipe.Method; m != "" && r.Method != "" && m != r.Method {
		e, err := Demo(m)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		*r = e.Recipe
	}
	if set := k.Recipe.AugmentSet; set != "" && set != r.AugmentSet {
		if err := r.UseSet(set); err != nil {
			*r = before
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	// What the text changes is this recipe's own.
	r.Options = maps.Clone(r.Options)
	r.Second, r.Local = copied(r.Second), copied(r.Local)
	if k.Recipe.Second != nil && r.Second == nil {
		r.Second = copied(&r.Augment)
	}
	if k.Recipe.Local != nil && r.Local == nil {
		r.Local = copied(&r.Augment)
	}
	if err := config.Decode(name, text, settings, optionKeys(*r, k.Recipe.Method)...); err != nil {
		*r = before
		return err
	}
	return nil
}

// optionKeys lists the keys of the options of a method, that of r if it is "".
func optionKeys(r ssl.Recipe, method string) []string {
	m, err := ssl.LookupMethod(cmp.Or(method, r.Method))
	if err != nil {
		return nil // the check of the recipe tells
	}
	keys := config.Keys(m.Options())
	for i, key := range keys {
		keys[i] = "recipe.options." + key
	}
	return keys
}

func copied[T any](x *T) *T {
	if x == nil {
		return nil
	}
	y := *x
	return &y
}
