package rundir_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"sslmem/cli/rundir"
	"sslmem/internal/config"
)

func Example() {
	root, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)

	dir, err := rundir.CreateNumbered(root, "demo")
	if err != nil {
		log.Fatal(err)
	}
	settings := struct {
		Epochs int `toml:"epochs"`
	}{3}
	if err := config.Save(dir.Join(rundir.ConfigFile), settings); err != nil {
		log.Fatal(err)
	}
	if err := rundir.WriteJSON(dir.Join(rundir.EnvironmentFile), rundir.Inspect("2.14.1", "cpu")); err != nil {
		log.Fatal(err)
	}

	_, err = rundir.Create(string(dir), false)
	fmt.Println(dir.Name(), errors.Is(err, os.ErrExist))
	// Output:
	// 001-demo true
}

func ExampleMetrics() {
	root, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	path := rundir.Dir(root).Join(rundir.MetricsFile)

	m, err := rundir.OpenMetrics(path, "loss", "knn")
	if err != nil {
		log.Fatal(err)
	}
	for step := range 3 {
		if err := m.Append(rundir.Row{Model: "f0", Step: step, Values: map[string]float64{"loss": 4 - float64(step)}}); err != nil {
			log.Fatal(err)
		}
	}
	// The run was stopped; its last checkpoint is that of step 1.
	if err := m.Rewind("f0", 1); err != nil {
		log.Fatal(err)
	}
	if err := m.Append(rundir.Row{Model: "f0", Step: 2, Values: map[string]float64{"loss": 1.5, "knn": .7}}); err != nil {
		log.Fatal(err)
	}
	if err := m.Close(); err != nil {
		log.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(text))
	// Output:
	// model,step,loss,knn
	// f0,0,4,
	// f0,1,3,
	// f0,2,1.5,0.7
}

// The three forms of one row.
func ExampleLog() {
	root, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	dir := rundir.Dir(root)

	l, err := rundir.OpenLog(dir, "loss")
	if err != nil {
		log.Fatal(err)
	}
	if err := l.Append(rundir.Row{Model: "f0", Step: 1, Values: map[string]float64{"loss": 4}}); err != nil {
		log.Fatal(err)
	}
	// Now and then more is measured.
	if err := l.Append(rundir.Row{Model: "f0", Step: 2, Values: map[string]float64{"loss": 3, "knn": .7}}); err != nil {
		log.Fatal(err)
	}
	if err := l.Close(); err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{rundir.MetricsFile, rundir.LinesFile} {
		text, err := os.ReadFile(dir.Join(name))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(string(text))
	}
	events, err := filepath.Glob(dir.Join(rundir.TensorBoardDir, "f0", "*"))
	fmt.Println(len(events), "event file", err)
	// Output:
	// model,step,loss,knn
	// f0,1,4,
	// f0,2,3,0.7
	// {"model":"f0","step":1,"loss":4}
	// {"model":"f0","step":2,"knn":0.7,"loss":3}
	// 1 event file <nil>
}
