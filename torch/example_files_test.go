package torch_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/ptfile"
)

// The file was made by PyTorch, from torch.nn.DataParallel(model).
func ExampleLoadPT() {
	s := torch.NewScope()
	defer s.Close()
	c, err := torch.LoadPT(s, "ptfile/testdata/data_parallel.pt", torch.PTOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("without %q:\n", c.Prefix)
	for name, w := range c.All() {
		fmt.Println(name, w.DType(), w.Shape())
	}
	// Output:
	// without "module.":
	// 0.weight float32 [2 1 3 3]
	// 0.bias float32 [2]
	// 1.weight float32 [2]
	// 1.bias float32 [2]
	// 1.running_mean float32 [2]
	// 1.running_var float32 [2]
	// 1.num_batches_tracked int64 []
	// 3.weight float32 [3 8]
	// 3.bias float32 [3]
}

// A DINO checkpoint has two networks with a head each. The options name one,
// and the part of it that is wanted.
func ExampleLoadPT_key() {
	s := torch.NewScope()
	defer s.Close()
	const path = "ptfile/testdata/dino.pt"
	_, err := torch.LoadPT(s, path, torch.PTOptions{})
	fmt.Println(err)
	c, err := torch.LoadPT(s, path, torch.PTOptions{Key: "teacher", Prefix: "backbone."})
	if err != nil {
		log.Fatal(err)
	}
	epoch, _ := c.Root.(*ptfile.Dict).Get("epoch")
	fmt.Println(c.Names, "without", c.Skipped, "of epoch", epoch)
	// Output:
	// loading ptfile/testdata/dino.pt: the file has several dicts of tensors, student, teacher; name one as the Key of the options
	// [w] without [head.w] of epoch 7
}

// Python opens the file with torch.load(path).
func ExampleSavePT() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "run.pt")

	model := nn.NewLinear(3, 2, true, torch.NewGenerator(1, torch.CPU))
	defer nn.Free(model)
	d := ptfile.NewDict(ptfile.PlainDict)
	d.Set("epoch", 3)
	d.Set("state_dict", nn.State(model))
	if err := torch.SavePT(path, d); err != nil {
		log.Fatal(err)
	}

	s := torch.NewScope()
	defer s.Close()
	c, err := torch.LoadPT(s, path, torch.PTOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Key, c.Names)
	// Output: state_dict [weight bias]
}
