package models_test

import (
	"fmt"
	"log"
	"path/filepath"
	"testing"

	"sslmem/internal/python"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// The file was made by PyTorch: torch.save(model.state_dict(), "tiny.pth"). It
// is a ResNet-18 of torchvision with few channels.
func Example_loadTorchvision() {
	net := models.NewResNet18(2, 3, torch.NewGenerator(1, torch.CPU))
	defer nn.Free(net)

	s := torch.NewScope()
	defer s.Close()
	weights, err := torch.LoadPT(s, "testdata/tiny.pth", torch.PTOptions{})
	if err != nil {
		log.Fatal(err)
	}
	// The classifier of a file is left out where the encoder has none.
	if err := models.LoadWeights(net, weights.Tensors); err != nil {
		log.Fatal(err)
	}

	nn.SetTraining(net, false)
	torch.NoGrad(func() {
		features := net.Forward(s.Ones([]int{1, 3, 16, 16}, torch.Float32, torch.CPU))
		fmt.Println(len(weights.Names), "tensors, the first is", weights.Names[0])
		fmt.Println("features", features.Shape())
	})
	// Output:
	// 120 tensors, the first is conv1.weight
	// features [1 16]
}

const resnet18Script = "testdata/torchvision_resnet18.py"

// TestTorchvision loads state_dicts of torchvision's ResNet-18 and computes the
// features that PyTorch computes.
func TestTorchvision(t *testing.T) {
	torchtest.NoLeak(t)
	dir := t.TempDir()
	python.Run(t, resnet18Script, "make", dir)
	for _, stem := range []string{"imagenet", "cifar"} {
		t.Run(stem, func(t *testing.T) {
			s := torch.NewScope()
			defer s.Close()
			g := torch.NewGenerator(1, torch.CPU)
			net := models.NewResNet(18, models.ResNetOptions{Stem: models.Stem(stem)}, g)
			defer nn.Free(net)
			weights, err := torch.LoadPT(s, filepath.Join(dir, stem+".pth"), torch.PTOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := models.LoadWeights(net, weights.Tensors); err != nil {
				t.Fatal(err)
			}
			if err := torch.SavePT(filepath.Join(dir, stem+".ours.pth"), nn.State(net)); err != nil {
				t.Fatal(err)
			}
			want := torchtest.Fixture(t, filepath.Join(dir, stem+".safetensors"))
			nn.SetTraining(net, false)
			torch.NoGrad(func() { torchtest.AllClose(t, net.Forward(s.Use(want["x"])), want["features"], 1e-5, 1e-5) })
		})
	}

	// The fixture of the example is what the script makes.
	s := torch.NewScope()
	defer s.Close()
	made, err := torch.LoadPT(s, filepath.Join(dir, "tiny.pth"), torch.PTOptions{})
	if err != nil {
		t.Fatal(err)
	}
	committed, err := torch.LoadPT(s, "testdata/tiny.pth", torch.PTOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(made.Names) != fmt.Sprint(committed.Names) {
		t.Errorf("names %v, want %v", made.Names, committed.Names)
	}
	for name, w := range committed.All() {
		torchtest.AllClose(t, made.Tensors[name], w, 1e-6, 1e-6)
	}

	// A checkpoint with the state of Adam goes through Go unchanged.
	root, err := torch.LoadPTTree(s, filepath.Join(dir, "adam.pth"))
	if err != nil {
		t.Fatal(err)
	}
	if err := torch.SavePT(filepath.Join(dir, "adam.ours.pth"), root); err != nil {
		t.Fatal(err)
	}
	python.Run(t, resnet18Script, "check", dir)
}
