package encoders

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"sslmem/data/augment"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A Network maps images [N, C, H, W] to features [N, D] in the scope of the images.
type Network interface {
	Forward(x *torch.Tensor) *torch.Tensor
}

// Options say what the file of an encoder does not. The zero value is right for most
// files.
type Options struct {
	Device torch.Device // to compute on

	// Config says what cannot be seen in the weights, or is there to be checked
	// against them. Fields at zero are inferred.
	Config models.Config

	// Key names the entry of a PyTorch file that holds the weights, such as "teacher";
	// see [torch.PTOptions]. Without it they are searched for.
	Key string
	// Prefix begins the names of the weights, such as "encoder_q."; the dot at its end
	// may be left out. Only a file with several networks needs it.
	Prefix string
}

// An Encoder is an encoder that was opened from a file, in evaluation mode.
type Encoder struct {
	// Network computes: a [models.Backbone], or a TorchScript module.
	Network Network `json:"-"`

	Path   string `json:"path"`
	Format Format `json:"format"`
	// Config is what network it is; its Model is "" for TorchScript.
	Config models.Config `json:"config"`
	// Views are those that it was trained on; of size 0 if the file does not say.
	Views augment.Recipe `json:"views"`
	// Mask hides patches of these views, if the training did.
	Mask augment.Mask `json:"mask"`
	// Notes are sentences on what was inferred and what was left out.
	Notes []string `json:"notes"`

	close func()
}

// Open opens the encoder in the file at path. The error says what the file is and
// what would be needed.
func Open(path string, o Options) (*Encoder, error) {
	if err := torch.Init(); err != nil {
		return nil, err
	}
	format, err := recognize(path)
	if err != nil {
		return nil, err
	}
	e := &Encoder{Path: path, Format: format}
	if format == TorchScript {
		err = e.openScript(o)
	} else {
		err = e.openWeights(o)
	}
	if err != nil {
		return nil, fmt.Errorf("encoder %s: %w", path, err)
	}
	return e, nil
}

// Close frees the network.
func (e *Encoder) Close() { e.close() }

// Backbone returns the network if it is one of package models, whose layers and
// weights can be looked at, and not TorchScript.
func (e *Encoder) Backbone() (b models.Backbone, ok bool) {
	b, ok = e.Network.(models.Backbone)
	return b, ok
}

// String says in a few words what the encoder is.
func (e *Encoder) String() string {
	b, ok := e.Backbone()
	if !ok {
		return string(e.Format)
	}
	text := e.Config.Model
	if e.Config.Width > 0 {
		text += fmt.Sprintf(" of width %d", e.Config.Width)
	}
	if e.Config.Stem != "" {
		text += fmt.Sprintf(" with stem %s", e.Config.Stem)
	}
	return fmt.Sprintf("%s, %d features, from %s", text, b.Features(), e.Format)
}

func (e *Encoder) note(format string, args ...any) {
	e.Notes = append(e.Notes, fmt.Sprintf(format, args...))
}

// openWeights builds the network that the weights of a file are of.
func (e *Encoder) openWeights(o Options) error {
	s := torch.NewScope()
	defer s.Close()
	state, metadata, err := e.read(s, o)
	if err != nil {
		return err
	}
	load := nn.LoadState
	if e.Format == OwnFile {
		if err := e.describedBy(metadata); err != nil {
			return err
		}
	} else {
		load = func(_ nn.Module, state map[string]*torch.Tensor) error {
			return models.LoadWeights(e.Network.(models.Backbone), state)
		}
		if state, err = e.findNetwork(state, o.Prefix); err != nil {
			return err
		}
		if e.Config, err = infer(state, o.Config); err != nil {
			return err
		}
		e.noteConfig()
	}
	if err := agree(o.Config, e.Config); err != nil {
		return err
	}
	b, err := models.New(e.Config, torch.NewGenerator(0, torch.CPU))
	if err != nil {
		return err
	}
	e.Network, e.close = b, func() { nn.Free(b) }
	if err := load(b, state); err != nil {
		e.close()
		return err
	}
	nn.To(b, o.Device, torch.ChannelsLast)
	nn.SetTraining(b, false)
	return nil
}

// read reads the weights of the file, and the metadata of one of safetensors.
func (e *Encoder) read(s *torch.Scope, o Options) (state map[string]*torch.Tensor, metadata map[string]string, err error) {
	if e.Format == StateDict {
		c, err := torch.LoadPT(s, e.Path, torch.PTOptions{Key: o.Key})
		if err != nil {
			return nil, nil, fmt.Errorf("%w (an encoder is read from a state_dict: torch.save(model.state_dict(), path); export one of any other kind with torch.jit.trace)", err)
		}
		if c.Key != "" {
			e.note("The weights are those under %q.", c.Key)
		}
		return c.Tensors, nil, nil
	}
	if o.Key != "" {
		return nil, nil, fmt.Errorf("key %q names an entry of a PyTorch file, but this is a safetensors file", o.Key)
	}
	state, metadata, err = torch.LoadSafetensors(s, e.Path)
	if metadata[configKey] != "" {
		e.Format = OwnFile
	}
	return state, metadata, err
}

// infer is [models.InferConfig] with what was given put over it.
func infer(state map[string]*torch.Tensor, given models.Config) (models.Config, error) {
	c, err := models.InferConfig(state)
	switch {
	case given.Model == "" && err != nil:
		return c, err
	case given.Model == "":
	case family(given.Model) != given.Model: // timm's names say patch and image size, which may be another
		c.Model, c.PatchSize, c.ImageSize = given.Model, given.PatchSize, given.ImageSize
	case err != nil:
		c.Model = given.Model
	}
	c.Pool = given.Pool
	return c, nil
}

// family is the name of a model without what timm puts behind it.
func family(model string) string {
	name, _, _ := strings.Cut(model, "_patch")
	return name
}

// agree returns an error that names the first field in which a configuration that was
// given differs from that of the file.
func agree(given, file models.Config) error {
	for _, f := range []struct {
		name        string
		given, file any
		differ      bool
	}{
		{"model", given.Model, file.Model, given.Model != "" && family(given.Model) != family(file.Model)},
		{"width", given.Width, file.Width, given.Width != 0 && file.Width != 0 && given.Width != file.Width},
		{"in_channels", given.InChannels, file.InChannels, given.InChannels != 0 && given.InChannels != file.InChannels},
		{"stem", given.Stem, file.Stem, given.Stem != "" && given.Stem != cmp.Or(file.Stem, models.CIFARStem)},
		{"patch_size", given.PatchSize, file.PatchSize, given.PatchSize != 0 && file.PatchSize != 0 && given.PatchSize != file.PatchSize},
		{"pool", given.Pool, file.Pool, given.Pool != "" && given.Pool != cmp.Or(file.Pool, models.TokenPool)},
	} {
		if f.differ {
			return fmt.Errorf("%s is %v in the file, not %v as it should be", f.name, f.file, f.given)
		}
	}
	return nil
}

// noteConfig says what was inferred.
func (e *Encoder) noteConfig() {
	c := e.Config
	text := fmt.Sprintf("By its weights it is a %s for images of %d channels", c.Model, c.InChannels)
	if c.Width > 0 {
		text += fmt.Sprintf(", of width %d", c.Width)
	}
	switch {
	case c.Stem == models.CIFARStem:
		text += ", with a first convolution of 3×3, which is taken to have stride 1 and no pooling behind it"
	case c.Stem != "":
		text += fmt.Sprintf(", with the stem %s", c.Stem)
	case c.PatchSize > 0:
		text += fmt.Sprintf(", with patches of %d, for images of %d", c.PatchSize, c.ImageSize)
	}
	e.note("%s.", text)
}

// The entries of the metadata of a file that this program saves.
const (
	configKey = "sslmem.encoder" // a models.Config
	viewsKey  = "sslmem.views"   // the augment.Recipe it was trained on, fitted to the images
	maskKey   = "sslmem.mask"    // the augment.Mask of these views
)

// Metadata returns what the metadata of a safetensors file must have for [Open] to
// know the encoder again: what it is, and which views it was trained on, of which mask
// hides patches.
func Metadata(c models.Config, views augment.Recipe, mask augment.Mask) (map[string]string, error) {
	metadata := map[string]string{}
	for key, value := range map[string]any{configKey: c, viewsKey: views, maskKey: mask} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("cannot describe the encoder: %w", err)
		}
		metadata[key] = string(text)
	}
	return metadata, nil
}

// describedBy takes what the metadata of a file say.
func (e *Encoder) describedBy(metadata map[string]string) error {
	for key, to := range map[string]any{configKey: &e.Config, viewsKey: &e.Views, maskKey: &e.Mask} {
		if text := metadata[key]; text != "" {
			if err := json.Unmarshal([]byte(text), to); err != nil {
				return fmt.Errorf("%s in its metadata cannot be read: %w", key, err)
			}
		}
	}
	return nil
}
