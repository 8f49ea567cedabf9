package ssl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sslmem/internal/config"
	"sslmem/internal/nearest"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A Method is what this package knows about one way to train. Each has a file of
// its own, which registers it.
type Method struct {
	Name  string // in recipes
	Title string // in text
	Paper string // where it was published: authors, year and arXiv number
	// Views is the number of global views of each image that a step needs.
	Views int
	// Local says that the method takes smaller local views too.
	Local bool
	// Labels says that the method learns from labels.
	Labels bool
	// Mixes says why the loss of an image depends on the others of its batch, as a
	// clause to follow "because"; it is empty if the loss is the mean of one loss
	// for each image, for which a batch may be computed in parts.
	Mixes string
	// Remembers says why what a step learns from an image depends on the images of its
	// batch, or of steps before, in another way than by Mixes, as a clause to follow
	// "because". A recipe with privacy is refused if either is given: the gradient of an
	// image is then more than that image's own.
	Remembers string
	// Options returns the options that only this method has, at their published
	// values: a pointer to a struct with toml tags.
	Options func() Options
}

// Options are the options of one method.
type Options interface {
	// Check returns an error that names the first option with a value that
	// cannot be used.
	Check() error
	// New builds the method's networks around the encoder of b.
	New(b Build) (Trainer, error)
}

// A Build is what a method builds its networks from.
type Build struct {
	Recipe    Recipe           // with nothing open
	Encoder   models.Backbone  // the trainer's to keep
	Config    models.Config    // of Encoder
	Generator *torch.Generator // of weights, on the CPU
	Classes   int              // of the labels, 0 if there are none
	Ranks     Ranks
}

// Twin returns another encoder with the weights of Encoder, which is not trained and
// drops no paths: a teacher at the start.
func (b Build) Twin() (models.Backbone, error) {
	c := b.Config
	c.DropPath = 0
	twin, err := models.New(c, torch.NewGenerator(0, torch.CPU))
	if err != nil {
		return nil, err
	}
	copyWeights(twin, b.Encoder)
	nn.RequireGrad(twin, false)
	return twin, nil
}

// methods are those that were registered, by name.
var methods = map[string]Method{}

// register adds a method to those that recipes can name. It is called from
// variable declarations.
func register(m Method) struct{} {
	if _, there := methods[m.Name]; there {
		panic("ssl: method " + m.Name + " is registered twice")
	}
	methods[m.Name] = m
	return struct{}{}
}

// Methods lists all methods, ordered by name.
func Methods() []Method {
	list := make([]Method, 0, len(methods))
	for _, m := range methods {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b Method) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// MethodNames lists the names of all methods, in order.
func MethodNames() []string {
	var names []string
	for _, m := range Methods() {
		names = append(names, m.Name)
	}
	return names
}

// LookupMethod returns the method of the given name. The error for an unknown
// name says which is nearest to it.
func LookupMethod(name string) (Method, error) {
	if m, ok := methods[name]; ok {
		return m, nil
	}
	known := MethodNames()
	if near, ok := nearest.Word(name, known); ok {
		return Method{}, fmt.Errorf("unknown method %q; did you mean %s? Known are %s", name, near, strings.Join(known, ", "))
	}
	return Method{}, fmt.Errorf("unknown method %q; known are %s", name, strings.Join(known, ", "))
}

// decode returns the method's options with what is given in the place of the
// published values.
func (m Method) decode(given map[string]any) (Options, error) {
	o := m.Options()
	if err := config.DecodeTable("recipe.options of "+m.Name, given, o); err != nil {
		return nil, err
	}
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("recipe.options of %s: %w", m.Name, err)
	}
	return o, nil
}
