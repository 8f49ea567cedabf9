package ptfile_test

import (
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"

	"sslmem/torch/ptfile"
)

// The file was made by PyTorch: torch.save(model.state_dict(), path).
func ExampleOpen() {
	f, err := ptfile.Open("testdata/state_dict.pt", ptfile.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	for name, v := range f.Root.(*ptfile.Dict).All() {
		t := v.(*ptfile.Tensor)
		fmt.Println(name, t.DType, t.Shape)
	}
	// Output:
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

func ExampleSave() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.pt")

	storage, err := ptfile.NewStorage(ptfile.Float32, 8)
	if err != nil {
		log.Fatal(err)
	}
	storage.Data = binary.LittleEndian.AppendUint32(nil, math.Float32bits(1.5))
	storage.Data = binary.LittleEndian.AppendUint32(storage.Data, math.Float32bits(-2))
	weights := ptfile.NewDict(ptfile.OrderedDict)
	weights.Set("bias", &ptfile.Tensor{DType: ptfile.Float32, Shape: []int64{2}, Strides: []int64{1}, Storage: storage})
	checkpoint := ptfile.NewDict(ptfile.PlainDict)
	checkpoint.Set("epoch", 3)
	checkpoint.Set("state_dict", weights)
	if err := ptfile.Save(path, checkpoint); err != nil {
		log.Fatal(err)
	}

	f, err := ptfile.Open(path, ptfile.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	epoch, _ := f.Root.(*ptfile.Dict).Get("epoch")
	fmt.Println("epoch", epoch, "with", len(f.Storages()), "storage")
	// Output: epoch 3 with 1 storage
}

// Nothing in a file runs. A class that is not on the list is an error that says
// what to do.
func ExampleUnknownGlobalError() {
	_, err := ptfile.Open("testdata/config.pt", ptfile.Options{})
	fmt.Println(err)
	// Output:
	// ptfile: testdata/config.pt: the file holds an object of pathlib.PurePosixPath, which is not data; in Python, save only the weights: torch.save(model.state_dict(), path)
}
