package models_test

import (
	"errors"
	"fmt"
	"log"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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
	// The encoder has no classifier; of a file that has one, leave it out.
	delete(weights.Tensors, "fc.weight")
	delete(weights.Tensors, "fc.bias")
	if err := nn.LoadState(net, weights.Tensors); err != nil {
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

// torchvision runs the script with python3, or skips the test where that has
// no torchvision.
func torchvision(t *testing.T, what, path string) {
	t.Helper()
	script, err := filepath.Abs("testdata/torchvision_resnet18.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-W", "ignore", script, what, path)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, exec.ErrNotFound) || strings.Contains(string(out), "ModuleNotFoundError"):
		t.Skip("there is no python3 that can import torch, torchvision and safetensors")
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	}
}

// imageNetForward is the network of torchvision for large images: a 7×7 stem of
// stride 2 and max pooling before the stages of models.ResNet18.
func imageNetForward(m *models.ResNet18, x *torch.Tensor) *torch.Tensor {
	x = nn.Sequential{m.Conv1, m.BN1, nn.ReLU{}}.Forward(x).MaxPool2d([]int{3, 3}, []int{2, 2}, []int{1, 1}, []int{1, 1}, false)
	for _, stage := range m.Layers {
		x = stage.Forward(x)
	}
	return x.AdaptiveAvgPool2d([]int{1, 1}).Flatten(1, -1)
}

// TestTorchvision loads state_dicts of torchvision's ResNet-18 and computes the
// features that PyTorch computes.
func TestTorchvision(t *testing.T) {
	torchtest.NoLeak(t)
	dir := t.TempDir()
	torchvision(t, "make", dir)
	for _, stem := range []string{"imagenet", "cifar"} {
		t.Run(stem, func(t *testing.T) {
			s := torch.NewScope()
			defer s.Close()
			g := torch.NewGenerator(1, torch.CPU)
			net := models.NewResNet18(0, 3, g)
			defer func() { nn.Free(net) }()
			forward := net.Forward
			if stem == "imagenet" {
				nn.Free(net.Conv1)
				net.Conv1 = nn.NewConv2d(3, 64, 7, nn.ConvOptions{Stride: 2, Padding: 3}, g)
				forward = func(x *torch.Tensor) *torch.Tensor { return imageNetForward(net, x) }
			}
			weights, err := torch.LoadPT(s, filepath.Join(dir, stem+".pth"), torch.PTOptions{})
			if err != nil {
				t.Fatal(err)
			}
			delete(weights.Tensors, "fc.weight")
			delete(weights.Tensors, "fc.bias")
			if err := nn.LoadState(net, weights.Tensors); err != nil {
				t.Fatal(err)
			}
			if err := torch.SavePT(filepath.Join(dir, stem+".ours.pth"), nn.State(net)); err != nil {
				t.Fatal(err)
			}
			want := torchtest.Fixture(t, filepath.Join(dir, stem+".safetensors"))
			nn.SetTraining(net, false)
			torch.NoGrad(func() { torchtest.AllClose(t, forward(s.Use(want["x"])), want["features"], 1e-5, 1e-5) })
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
	torchvision(t, "check", dir)
}
