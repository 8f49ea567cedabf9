// Opgen writes the generated half of package torch: the table of function
// pointers that the shim exports, the C++ that fills it and the Go methods
// that call it.
//
// It reads torch/ops.txt, one ATen schema a line, and torch/shim/core.h, the
// prototypes of the functions that are written by hand, and is run by
// `go generate ./torch`. The CUDA part of the shim has a table of its own, out
// of torch/shim/cuda/core.h.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	dir := flag.String("torch", ".", "folder of package torch")
	flag.Parse()
	if err := write(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "opgen:", err)
		os.Exit(1)
	}
}

// write brings the generated files below the torch folder up to date.
func write(dir string) error {
	files, err := Generate(dir)
	if err != nil {
		return err
	}
	for _, name := range stale(dir, files) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// opsPerUnit is how many ops one C++ file holds, so that several compilers
// share the work and none needs much memory.
const opsPerUnit = 100

// Generate returns the generated files by their path below the torch folder.
func Generate(dir string) (map[string]string, error) {
	opsText, err := os.ReadFile(filepath.Join(dir, "ops.txt"))
	if err != nil {
		return nil, err
	}
	coreText, err := os.ReadFile(filepath.Join(dir, "shim", "core.h"))
	if err != nil {
		return nil, err
	}
	ops, err := ParseOps(string(opsText))
	if err != nil {
		return nil, fmt.Errorf("ops.txt: %w", err)
	}
	protos := ParseCore(string(coreText))
	taken := map[string]bool{}
	for _, p := range protos {
		taken[p.Name] = true
	}
	for _, o := range ops {
		p, err := o.Prototype()
		if err != nil {
			return nil, fmt.Errorf("ops.txt: line %d: %w", o.Line, err)
		}
		if taken[p.Name] {
			return nil, fmt.Errorf("ops.txt: line %d: the C name ct_%s is taken", o.Line, p.Name)
		}
		taken[p.Name] = true
		protos = append(protos, p)
	}
	files := map[string]string{
		"shim/api_gen.h":    core.writeAPI(protos),
		"shim/table_gen.cc": core.writeTable(protos),
	}
	for i, part := range slices.Collect(slices.Chunk(ops, opsPerUnit)) {
		name := fmt.Sprintf("shim/ops_%d_gen.cc", i+1)
		if files[name], err = writeCpp(part); err != nil {
			return nil, err
		}
	}
	sections := map[string][]*Op{}
	for _, o := range ops {
		sections[o.Section] = append(sections[o.Section], o)
	}
	for word, part := range sections {
		name := fmt.Sprintf("ops_%s_gen.go", word)
		if files[name], err = writeGo(part); err != nil {
			return nil, err
		}
	}
	cudaText, err := os.ReadFile(filepath.Join(dir, "shim", "cuda", "core.h"))
	if err != nil {
		return nil, err
	}
	cudaProtos := ParseCore(string(cudaText))
	files["shim/cuda/api_gen.h"] = cuda.writeAPI(cudaProtos)
	files["shim/cuda/table_gen.cc"] = cuda.writeTable(cudaProtos)
	return files, nil
}

// stale returns the generated files of an earlier ops.txt that files has no
// more, by their path below the torch folder.
func stale(dir string, files map[string]string) []string {
	var names []string
	for _, pattern := range []string{"ops*_gen.go", "shim/ops*_gen.cc"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is well formed
		for _, path := range found {
			name, err := filepath.Rel(dir, path)
			if _, made := files[name]; err == nil && !made {
				names = append(names, name)
			}
		}
	}
	return names
}
