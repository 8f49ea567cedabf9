package encoders_test

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/data/augment"
	"sslmem/encoders"
	"sslmem/internal/python"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

const (
	bare   = "testdata/bare.pth"
	script = "testdata/features.pt"
)

// check opens an encoder, and compares its features with what PyTorch computed.
func check(t *testing.T, path string, o encoders.Options, expected string) *encoders.Encoder {
	t.Helper()
	e, err := encoders.Open(path, o)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return &encoders.Encoder{}
	}
	defer e.Close()
	s := torch.NewScope()
	defer s.Close()
	want := torchtest.Fixture(t, expected)
	torch.NoGrad(func() {
		torchtest.AllClose(t, e.Network.Forward(s.Use(want["x"])), want["features"], 1e-5, 1e-5)
	})
	return e
}

const expected = "testdata/expected.safetensors"

// state reads the weights of the fixture.
func state(t *testing.T, s *torch.Scope) map[string]*torch.Tensor {
	t.Helper()
	c, err := torch.LoadPT(s, bare, torch.PTOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return c.Tensors
}

// under puts a prefix in front of all names.
func under(prefix string, state map[string]*torch.Tensor) map[string]*torch.Tensor {
	out := map[string]*torch.Tensor{}
	for name, w := range state {
		out[prefix+name] = w
	}
	return out
}

func save(t *testing.T, state map[string]*torch.Tensor, metadata map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "e.bin") // the name says nothing
	if err := torch.SaveSafetensors(path, maps.All(state), metadata); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpen(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	weights := state(t, s)
	if e := check(t, bare, encoders.Options{}, expected); e.Format != encoders.StateDict || e.Config.Width != 2 || e.Config.Stem != models.CIFARStem ||
		!strings.Contains(fmt.Sprint(e.Notes), "resnet18 for images of 3 channels, of width 2") || !strings.Contains(fmt.Sprint(e.Notes), "2 tensors beside the network are left out: fc.") {
		t.Errorf("%+v", e)
	}
	if e := check(t, script, encoders.Options{}, expected); e.Format != encoders.TorchScript || e.String() != "TorchScript" || len(e.Notes) != 0 {
		t.Errorf("%v %q", e, e.Notes)
	}
	if e := check(t, save(t, weights, nil), encoders.Options{}, expected); e.Format != encoders.Safetensors {
		t.Errorf("%v", e)
	}

	// One network, under any prefix.
	e := check(t, save(t, under("module.net.encoder.", weights), nil), encoders.Options{}, expected)
	if !strings.Contains(fmt.Sprint(e.Notes), `under "module.net.encoder."`) {
		t.Errorf("%q", e.Notes)
	}
	// Several, of which one is meant, or which are inside of another.
	copied := map[string]*torch.Tensor{}
	for name, w := range weights {
		copied[name] = w.Add(w)
	}
	two := under("encoder_q.", weights)
	maps.Copy(two, under("encoder_k.", copied))
	path := save(t, two, nil)
	check(t, path, encoders.Options{Prefix: "encoder_q"}, expected)
	if _, err := encoders.Open(path, encoders.Options{}); err == nil || !strings.Contains(err.Error(), `several networks, under "encoder_k.", "encoder_q."`) {
		t.Errorf("two networks give %v", err)
	}
	if _, err := encoders.Open(path, encoders.Options{Prefix: "teacher"}); err == nil || !strings.Contains(err.Error(), `no network is under the prefix "teacher."`) {
		t.Errorf("a prefix that is not there gives %v", err)
	}
	inside := maps.Clone(weights)
	maps.Copy(inside, under("momentum.", copied))
	check(t, save(t, inside, nil), encoders.Options{}, expected)

	// What this program saves.
	views := augment.Recipe{Name: "mine", Size: 16}
	config := models.Config{Model: "resnet18", Width: 2, InChannels: 3}
	metadata, err := encoders.Metadata(config, views, augment.Mask{Patch: 4, Ratio: .75})
	if err != nil {
		t.Fatal(err)
	}
	own := maps.Clone(weights)
	delete(own, "fc.weight")
	delete(own, "fc.bias")
	e = check(t, save(t, own, metadata), encoders.Options{Config: models.Config{Stem: models.CIFARStem}}, expected)
	if e.Format != encoders.OwnFile || e.Config != config || e.Views.Name != "mine" || e.Mask.Ratio != .75 || !strings.Contains(e.String(), "resnet18 of width 2, 16 features") {
		t.Errorf("%+v", e)
	}
	metadata["sslmem.encoder"] = "{"
	if _, err := encoders.Open(save(t, own, metadata), encoders.Options{}); err == nil || !strings.Contains(err.Error(), "metadata cannot be read") {
		t.Errorf("wrong metadata give %v", err)
	}
}

// TestOpenPyTorch opens what PyTorch writes now, among it torchvision's own network.
func TestOpenPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	dir := t.TempDir()
	python.Run(t, "testdata/make.py", "small", dir)
	for _, name := range []string{"bare.pth", "features.pt"} {
		check(t, filepath.Join(dir, name), encoders.Options{}, expected)
	}
	python.Run(t, "testdata/make.py", "more", dir)
	for name, o := range map[string]encoders.Options{
		"bare.safetensors": {}, "children.pth": {}, "map.pt": {},
		"moco.pth": {Prefix: "encoder_q."}, "dino.pth": {Key: "teacher"},
	} {
		t.Run(name, func(t *testing.T) { check(t, filepath.Join(dir, name), o, expected) })
	}
	for _, name := range []string{"resnet18.pth", "resnet18.pt"} {
		check(t, filepath.Join(dir, name), encoders.Options{}, filepath.Join(dir, "resnet18.safetensors"))
	}
	// torchvision's own names of a ViT, of a width that is not published.
	vit := check(t, filepath.Join(dir, "vit.pth"), encoders.Options{Config: models.Config{Model: "vit_tiny"}}, filepath.Join(dir, "vit.safetensors"))
	if vit.Config.Width != 24 || vit.Config.PatchSize != 4 || vit.Config.ImageSize != 16 || !strings.Contains(fmt.Sprint(vit.Notes), "torchvision's VisionTransformer") {
		t.Errorf("%+v", vit)
	}
	e, err := encoders.Open(filepath.Join(dir, "logits.pt"), encoders.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(fmt.Sprint(e.Notes), "may be logits") {
		t.Errorf("%q", e.Notes)
	}
	e.Close()
	for name, want := range map[string]string{"whole.pth": "state_dict: torch.save(model.state_dict(), path)", "dino.pth": "several dicts of tensors", "moco.pth": "several networks"} {
		if _, err := encoders.Open(filepath.Join(dir, name), encoders.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %q", name, err, want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	weights := state(t, s)
	write := func(content []byte) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(bare)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(change func(map[string]*torch.Tensor)) string {
		m := maps.Clone(weights)
		change(m)
		return save(t, m, nil)
	}
	config := func(c models.Config) encoders.Options { return encoders.Options{Config: c} }
	for _, c := range []struct {
		name, path string
		o          encoders.Options
		want       string
	}{
		{"nothing", "none.pth", encoders.Options{}, "no such file"},
		{"a folder", "testdata", encoders.Options{}, "is a folder"},
		{"an empty file", write(nil), encoders.Options{}, "no encoder that is known"},
		{"a text", write([]byte("index,label\n1,2\n")), encoders.Options{}, "no encoder that is known"},
		{"half of a file", write(whole[:len(whole)/2]), encoders.Options{}, "damaged zip archive, or only a part"},
		{"another zip", write(emptyZip), encoders.Options{}, "damaged zip"},
		{"another network", changed(func(m map[string]*torch.Tensor) {
			maps.DeleteFunc(m, func(n string, _ *torch.Tensor) bool { return n[:3] == "con" })
		}), encoders.Options{}, "of no network that is known"},
		{"a weight too few", changed(func(m map[string]*torch.Tensor) { delete(m, "layer3.1.bn2.bias") }), encoders.Options{}, "layer3.1.bn2.bias"},
		{"a weight too many", changed(func(m map[string]*torch.Tensor) { m["layer3.1.se.fc1.weight"] = m["fc.bias"] }), encoders.Options{}, "layer3.1.se.fc1.weight"},
		{"another shape", changed(func(m map[string]*torch.Tensor) { m["layer3.1.bn2.bias"] = m["fc.bias"] }), encoders.Options{}, "layer3.1.bn2.bias"},
		{"another model", bare, config(models.Config{Model: "resnet50"}), "model is resnet18 in the file, not resnet50"},
		{"another width", bare, config(models.Config{Width: 64}), "width is 2 in the file, not 64"},
		{"another stem", bare, config(models.Config{Stem: models.ImageNetStem}), "stem is cifar in the file"},
		{"a key of safetensors", save(t, weights, nil), encoders.Options{Key: "teacher"}, "PyTorch file"},
		{"a key that is not there", bare, encoders.Options{Key: "teacher"}, `no entry "teacher"`},
		{"an architecture of a script", script, config(models.Config{Model: "resnet18"}), "whole network"},
		{"gotorch", write(gotorch(t)), encoders.Options{}, "sslmem-gotorch convert"},
	} {
		if e, err := encoders.Open(c.path, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s gives %v %v, want %q", c.name, e, err, c.want)
		} else if strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: the error has several lines: %v", c.name, err)
		}
	}

	// A module whose output is no tensor, which shows when it is used.
	e, err := encoders.Open("testdata/pair.pt", encoders.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := torch.Try(func() { e.Network.Forward(s.Zeros([]int{2, 3, 4, 4}, torch.Float32, torch.CPU)) }); err == nil || !strings.Contains(err.Error(), "a tensor of features is wanted") {
		t.Errorf("a script of tuples gives %v", err)
	}
}

var emptyZip = append([]byte("PK\x03\x04"), make([]byte, 60)...)

// archived is a tensor as gotorch writes one into a gob.
type archived []byte

func (a archived) GobEncode() ([]byte, error) { return a, nil }

// gotorch returns a checkpoint of gotorch.
func gotorch(t *testing.T) []byte {
	t.Helper()
	s := torch.NewScope()
	defer s.Close()
	path := filepath.Join(t.TempDir(), "one.pt")
	if err := torch.SavePT(path, s.Zeros([]int{2}, torch.Float32, torch.CPU)); err != nil {
		t.Fatal(err)
	}
	one, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(map[string]archived{"Net.FC.Weight": one}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A ViT of a width that is not published has the heads of the model that is named.
func TestOpenNarrowViT(t *testing.T) {
	torchtest.NoLeak(t)
	net, err := models.New(models.Config{Model: "vit_tiny", Width: 24, InChannels: 1, PatchSize: 4, ImageSize: 8}, torch.NewGenerator(1, torch.CPU))
	if err != nil {
		t.Fatal(err)
	}
	defer nn.Free(net)
	nn.SetTraining(net, false)
	path := save(t, maps.Collect(nn.State(net)), nil)
	if _, err := encoders.Open(path, encoders.Options{}); err == nil || !strings.Contains(err.Error(), "heads are not known") {
		t.Errorf("a ViT of width 24 gives %v", err)
	}
	e, err := encoders.Open(path, encoders.Options{Config: models.Config{Model: "vit_tiny", Pool: models.AvgPool}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s := torch.NewScope()
	defer s.Close()
	torch.NoGrad(func() {
		x := s.Ones([]int{2, 1, 8, 8}, torch.Float32, torch.CPU)
		_, layers := net.ForwardLayers(x, "norm")
		torchtest.AllClose(t, e.Network.Forward(x), layers["norm"].Narrow(1, 1, 4).MeanDim([]int{1}, false), 1e-6, 1e-6)
	})
	b, ok := e.Backbone()
	if !ok || !slices.Equal(b.Layers(), net.Layers()) {
		t.Error("the layers are others")
	}
}

// The file was made by PyTorch: torch.save(model.state_dict(), "bare.pth").
func ExampleOpen() {
	e, err := encoders.Open("testdata/bare.pth", encoders.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	fmt.Println(e)
	for _, note := range e.Notes {
		fmt.Println("-", note)
	}

	s := torch.NewScope()
	defer s.Close()
	torch.NoGrad(func() {
		features := e.Network.Forward(s.Ones([]int{5, 3, 32, 32}, torch.Float32, torch.CPU))
		fmt.Println(features.Shape())
	})
	// Output:
	// resnet18 of width 2 with stem cifar, 16 features, from a PyTorch state_dict
	// - 2 tensors beside the network are left out: fc.
	// - By its weights it is a resnet18 for images of 3 channels, of width 2, with a first convolution of 3×3, which is taken to have stride 1 and no pooling behind it.
	// [5 16]
}
