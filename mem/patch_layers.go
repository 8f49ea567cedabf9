package mem

import (
	"fmt"
	"slices"
	"strings"

	"sslmem/internal/nearest"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// ReplaceLayers returns the change of dst, with tensors in s, after which the
// named layers are those of another encoder of the same architecture, with the
// statistics of their batch norms. src is the state of that encoder, see
// [nn.CloneState].
//
// A layer is named by the module that it is, such as "layer3.0.conv1", or that
// it is in, such as "layer3" with all its blocks. It is an error if a layer has
// no tensors, or if src lacks one or has one of another shape.
func ReplaceLayers(s *torch.Scope, dst nn.Module, src map[string]*torch.Tensor, layers []string) (Patch, error) {
	names, err := tensorsIn(dst, layers)
	if err != nil {
		return nil, err
	}
	if err := sameShapes(state(dst), src, names); err != nil {
		return nil, err
	}
	p := Patch{}
	for _, name := range names {
		p[name] = s.Use(src[name]).Detach().Clone()
	}
	return p, nil
}

// TrainOnly runs fn with all parameters of m frozen but those of the named
// layers, as [ReplaceLayers] names them, and then lets each require a gradient
// or not as it did. That is how some layers alone are fine-tuned:
//
//	err := mem.TrainOnly(encoder, []string{"layer4.1"}, func() (err error) {
//		result, err = eval.FineTune(ctx, encoder, train, test, options)
//		return err
//	})
//
// Batch norms of frozen layers still move their statistics if fn puts m into
// training mode. It is an error if a layer has no parameters; fn is then not
// run.
func TrainOnly(m nn.Module, layers []string, fn func() error) error {
	trained, err := LayerParameters(m, layers)
	if err != nil {
		return err
	}
	var thaw []*torch.Tensor
	defer func() {
		for _, p := range thaw {
			p.RequireGrad(!p.RequiresGrad())
		}
	}()
	for name, p := range nn.Parameters(m) {
		if want := slices.Contains(trained, name); want != p.RequiresGrad() {
			p.RequireGrad(want)
			thaw = append(thaw, p)
		}
	}
	return fn()
}

// LayerParameters returns the names of the parameters of the named layers, as
// [ReplaceLayers] names them, in the order of m.
func LayerParameters(m nn.Module, layers []string) ([]string, error) {
	names, err := tensorsIn(m, layers)
	if err != nil {
		return nil, err
	}
	var parameters []string
	for name := range nn.Parameters(m) {
		if slices.Contains(names, name) {
			parameters = append(parameters, name)
		}
	}
	if len(parameters) == 0 {
		return nil, fmt.Errorf("mem: layers %q have no parameters", layers)
	}
	return parameters, nil
}

// tensorsIn returns the names of all tensors of the named layers.
func tensorsIn(m nn.Module, layers []string) ([]string, error) {
	var all, names []string
	for name := range nn.State(m) {
		all = append(all, name)
	}
	for _, layer := range layers {
		found := false
		for _, name := range all {
			if name == layer || strings.HasPrefix(name, layer+".") {
				found = true
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
		if !found {
			hint := ""
			if near, ok := nearest.Word(layer, modulesOf(all)); ok {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			return nil, fmt.Errorf("mem: the encoder has no layer %q with tensors%s", layer, hint)
		}
	}
	return names, nil
}

// modulesOf lists the modules that the named tensors are in, the outer ones
// before the inner ones.
func modulesOf(tensors []string) []string {
	var modules []string
	for _, name := range tensors {
		for i, c := range name {
			if c == '.' && !slices.Contains(modules, name[:i]) {
				modules = append(modules, name[:i])
			}
		}
	}
	return modules
}
