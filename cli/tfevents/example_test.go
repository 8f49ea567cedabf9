package tfevents_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"sslmem/cli/tfevents"
)

// A training is stopped and goes on from its checkpoint of step 1.
func Example() {
	root, err := os.MkdirTemp("", "tensorboard")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	train := func(from, to int64) {
		w, err := tfevents.Create(filepath.Join(root, "f0"))
		if err != nil {
			log.Fatal(err)
		}
		if from > 0 {
			err = w.Restart(from)
		} else {
			err = w.Text(0, "config", "```\nepochs = 4\n```")
		}
		if err != nil {
			log.Fatal(err)
		}
		for step := from; step < to; step++ {
			if err := w.Scalars(step, map[string]float64{"loss": 4 - float64(step)}); err != nil {
				log.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			log.Fatal(err)
		}
	}
	train(0, 3)
	train(2, 4)

	files, err := filepath.Glob(filepath.Join(root, "f0", "events.out.tfevents.*"))
	fmt.Println(len(files), "files", err)
	// Output:
	// 2 files <nil>
}
