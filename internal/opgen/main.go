// Opgen writes the generated half of package torch: the table of function
// pointers that the shim exports, the C++ that fills it and the Go methods
// that call it.
//
// It reads torch/ops.txt, one ATen schema a line, and torch/shim/core.h, the
// prototypes of the functions that are written by hand, and is run by
// `go generate ./torch`.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := flag.String("torch", ".", "folder of package torch")
	flag.Parse()
	files, err := Generate(*dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "opgen:", err)
		os.Exit(1)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(*dir, name), []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "opgen:", err)
			os.Exit(1)
		}
	}
}

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
	core := ParseCore(string(coreText))
	protos := append([]Proto(nil), core...)
	for _, o := range ops {
		p, err := o.Prototype()
		if err != nil {
			return nil, fmt.Errorf("ops.txt: line %d: %w", o.Line, err)
		}
		protos = append(protos, p)
	}
	cpp, err := writeCpp(ops)
	if err != nil {
		return nil, err
	}
	gofile, err := writeGo(ops)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"shim/api_gen.h":    writeAPI(protos),
		"shim/table_gen.cc": writeTable(protos),
		"shim/ops_gen.cc":   cpp,
		"ops_gen.go":        gofile,
	}, nil
}
